"""`metazoo play`: watch an agent adapt to one task, in a window or as an animated picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import gymnasium as gym
import numpy as np
import tyro

from agents.cli import find
from agents.cli.values import Count, EnvKwargs, OfTrial, Split, unless

_HOLD = 1.0  # seconds that the last picture of an episode stays
_LONGEST = 6  # numbers of an array that are printed

RenderMode = Literal["human", "rgb_array", "none"]


def play(
    id: Annotated[str | None, tyro.conf.Positional, unless("the agent's own", "ID")] = None,
    agent: Annotated[str, tyro.conf.arg(metavar="AGENT")] = "random",
    episodes: OfTrial = None,
    render_mode: Annotated[
        RenderMode | None, unless("human where there is a display, else rgb_array", "MODE")
    ] = None,
    out: Annotated[str | None, unless("the run's folder, else this one", "PATH")] = None,
    fps: Annotated[float | None, unless("the family's", "FPS")] = None,
    split: Split = None,
    seed: Count = 0,
    deterministic: bool = False,
    env_kwargs: EnvKwargs = None,
) -> int:
    """Watch an agent adapt to a task it has never seen, episode by episode.

    The agent sees what it would see in training; the picture shows the hidden task too.

    For example:
      metazoo play meta/GridNavi-v0 --agent runs/last
      metazoo play meta/BernoulliBandit-v0 --agent ucb1:c=0.3 --seed 7 --out ucb1.gif

    Args:
        id: Task distribution; a trained agent has its own, with its arguments.
        agent: A run's folder, a checkpoint (.zip) or a baseline (see metazoo list).
        episodes: Episodes in the one task.
        render_mode: human opens a window, rgb_array writes a GIF, none only prints.
        out: A .gif file, or a folder to write it to.
        fps: Pictures a second.
        split: Which tasks.
        seed: Of the task, the episodes and the agent; another seed is another task.
        deterministic: Act without sampling.
        env_kwargs: Arguments of the task distribution.
    """
    if id is not None:
        find.distribution(id)
    if fps is not None and not fps > 0:
        raise find.UsageError(f"--fps {fps} must be more than 0")
    player = find.agent(agent)
    id, kwargs = find.setting(player, agent, id, env_kwargs)
    mode = _mode(render_mode, out)
    venv = _make(id, kwargs, split, episodes, "none" not in mode)
    fps = fps or float(venv.metadata["render_fps"])
    screens: list[Any] = []
    if "human" in mode:
        screens.append(_Window(venv, fps))
    if "rgb_array" in mode:
        screens.append(_Gif(_target(out, agent, player, id, seed), fps))
    try:
        _play(venv, player, seed, deterministic, screens)
    finally:
        for screen in screens:
            screen.close()
        venv.close()
    return 0


def _mode(asked: RenderMode | None, out: str | None) -> set[str]:
    """Return what to show on: a window, a GIF, both or nothing."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    headless = os.environ.get("SDL_VIDEODRIVER") == "dummy" or (
        sys.platform.startswith("linux") and not display
    )
    mode = asked or ("rgb_array" if headless or out is not None else "human")
    if mode == "human" and headless:
        print("metazoo: there is no display; writing a GIF instead", file=sys.stderr)
        mode = "rgb_array"
    if mode == "none" and out is not None:
        raise find.UsageError("--render-mode none draws nothing to write to --out")
    return {mode} if out is None else {mode, "rgb_array"}


def _make(
    id: str, kwargs: dict[str, Any], split: str | None, episodes: int | None, drawn: bool
) -> Any:
    from agents.core.venv import make_venv

    kwargs = dict(kwargs)
    if episodes is not None:
        kwargs["episodes_per_trial"] = episodes
    if split is not None:
        kwargs["split"] = split
    elif "split" not in kwargs:
        probe = make_venv(id, 1, kwargs)
        kwargs["split"] = "test" if "test" in probe.splits else "all"
        probe.close()
    return make_venv(id, 1, {**kwargs, "render_mode": "rgb_array" if drawn else None})


def _target(out: str | None, agent: str, player: Any, id: str, seed: int) -> Path:
    name = f"play-{type(player).__name__}-{id.rpartition('/')[2]}-s{seed}.gif"
    if out is None:
        folder = Path(agent)
        return (folder if folder.is_dir() else Path()) / name
    path = Path(out)
    if path.suffix == ".gif":
        return path
    if path.suffix:
        raise find.UsageError(f"--out {out} must be a .gif file or a folder")
    path.mkdir(parents=True, exist_ok=True)
    return path / name


def _play(venv: Any, player: Any, seed: int, deterministic: bool, screens: list[Any]) -> None:
    """Play one trial in the only row, showing every step and printing every episode."""
    from agents.core.evaluation_play import RowsView
    from meta_envs.core import batches
    from meta_envs.core.rng import fold

    view = RowsView(venv)  # tasks are out of the agent's sight
    loop = player.inner_loop(view, 1, fold(seed, "act"))
    view.tasks_are_visible = bool(getattr(loop, "reads_task", False))
    observations, _ = venv.reset(seed=fold(seed, "episodes"))
    task = batches.take(venv.tasks, 0)
    loop.reset()
    print(
        f"{find.name_of(player)} on {venv.spec.id}, split {venv.split!r}, seed {seed}", flush=True
    )
    for episode in range(1, venv.episodes_per_trial + 1):
        _show(venv, screens, 0.0)
        total, length, success, over = 0.0, 0, None, False
        while not over:
            acted = loop.act(observations, None, deterministic)
            # without autoreset: an episode's last picture is to be seen
            successors, rewards, terminated, truncated, infos = venv.advance(acted)
            seen = {key: part for key, part in infos.items() if isinstance(part, np.ndarray)}
            ends = terminated, truncated
            loop.observe(observations, acted, rewards, *ends, successors, seen, None)
            observations = successors
            total, length = total + float(rewards[0]), length + 1
            if "success" in infos:
                success = bool(success) or bool(infos["success"][0])
            over = bool(terminated[0] or truncated[0])
            _show(venv, screens, _HOLD if over else 0.0)
        told = "" if success is None else f"   success {'yes' if success else 'no'}"
        print(f"episode {episode}:   return {total:.5g}   length {length}{told}", flush=True)
        if episode < venv.episodes_per_trial:
            observations, _ = venv.reset()
    print(f"the task was {_describe(venv, task)}", flush=True)


def _describe(venv: Any, task: Any) -> str:
    parts = []
    for key, values in venv.single_task_space.to_jsonable([task]).items():
        array = np.asarray(values[0])
        shown = ", ".join(f"{number:.4g}" for number in array.ravel()[:_LONGEST])
        more = f", ...] of shape {array.shape}" if array.size > _LONGEST else "]"
        parts.append(f"{key} = {shown}" if array.ndim == 0 else f"{key} = [{shown}{more}")
    return ", ".join(parts)


def _show(venv: Any, screens: list[Any], hold: float) -> None:
    if screens:
        picture = venv.render()[0]
        for screen in screens:
            screen.show(picture, hold)


class _Window:
    """A window: Gymnasium's own, over an environment that only has pictures."""

    def __init__(self, venv: Any, fps: float):
        self.fps = fps
        self._pictures = _Pictures(fps)
        self._window = gym.wrappers.HumanRendering(self._pictures)

    def show(self, picture: np.ndarray, hold: float) -> None:
        """Show a picture for a frame, and for `hold` seconds more."""
        self._pictures.picture = picture
        for _ in range(1 + round(hold * self.fps)):
            self._window.step(0)

    def close(self) -> None:
        """Close the window."""
        self._window.close()


class _Pictures(gym.Env):
    """Has nothing but its newest picture."""

    render_mode = "rgb_array"
    observation_space = action_space = gym.spaces.Discrete(1)

    def __init__(self, fps: float):
        self.metadata = {"render_modes": ["rgb_array", "human"], "render_fps": fps}
        self.picture = np.zeros((1, 1, 3), dtype=np.uint8)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Do nothing: the window draws after a step."""
        return 0, 0.0, False, False, {}

    def render(self) -> Any:
        """Return the picture."""
        return self.picture


class _Gif:
    """An animated GIF, written at the end, whole or not at all."""

    def __init__(self, path: Path, fps: float):
        self.path = path
        self._milliseconds = 1000 / fps
        self._pictures: list[Any] = []
        self._durations: list[int] = []

    def show(self, picture: np.ndarray, hold: float) -> None:
        """Add a picture for a frame, and for `hold` seconds more."""
        from PIL import Image

        # a palette of its own keeps a picture at a byte a pixel in memory, and its colours right
        self._pictures.append(Image.fromarray(picture).quantize(colors=256))
        self._durations.append(max(round(self._milliseconds + 1000 * hold), 20))

    def close(self) -> None:
        """Write the file."""
        from agents.core.files import atomic_file

        if not self._pictures:
            return
        first, *others = self._pictures
        with atomic_file(self.path) as stream:
            first.save(
                stream,
                format="GIF",
                save_all=True,
                append_images=others,
                duration=self._durations,
                loop=0,
                disposal=2,
            )
        print(f"written: {self.path}", flush=True)
