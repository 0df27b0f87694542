"""`metazoo play`: act by hand, or watch an agent adapt to one task, or draw it into a GIF."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, Literal

import tyro

from . import find, ids
from .believed import beside
from .pretrained import who_plays
from .screens import Gif, Window, pace
from .trials import Moment, make_one, play_trial, target
from .values import Count, EnvKwargs, OfTrial, Split, unless

_HOLD = 1.0  # seconds that the last picture of an episode stays

RenderMode = Literal["human", "rgb_array", "none"]


def play(
    id: Annotated[str | None, tyro.conf.Positional, unless("the agent's own", "[ID]")] = None,
    also: Annotated[str | None, tyro.conf.Positional, unless("--agent", "[AGENT]")] = None,
    agent: Annotated[str | None, unless("you, with the keyboard", "AGENT")] = None,
    episodes: OfTrial = None,
    render_mode: Annotated[
        RenderMode | None, unless("human where there is a display, else rgb_array", "MODE")
    ] = None,
    out: Annotated[str | None, unless("the run's folder, else this one", "PATH")] = None,
    fps: Annotated[float | None, unless("the family's", "FPS")] = None,
    split: Split = None,
    seed: Count = 0,
    deterministic: bool = False,
    pretrained: bool = False,
    show_task: bool = False,
    env_kwargs: EnvKwargs = None,
) -> int:
    """Act with the keyboard in a task you do not know, or watch an agent do it.

    Without --agent you act, in a window that shows what a learner would see: the observation, the
    reward, the episode and the time in the trial. The keys are shown beside it. --show-task, or the
    tab key, shows the picture as well, which tells the hidden task. With --agent the agent sees
    what it would see in training, and the picture shows the hidden task too.

    For example:
      metazoo play meta/GridNavi-v0
      metazoo play meta/GridNavi-v0 --agent runs/last
      metazoo play rl2 meta/DependentBandit-v0 --pretrained
      metazoo play meta/BernoulliBandit-v0 --agent ucb1:c=0.3 --seed 7 --out ucb1.gif

    Args:
        id: Task distribution; a trained agent has its own, with its arguments.
        also: The agent, as --agent names it; it may stand before the id.
        agent: A run's folder, a checkpoint (.zip) or a baseline (see metazoo list).
        episodes: Episodes in the one task.
        render_mode: human opens a window, rgb_array writes a GIF, none only prints.
        out: A .gif file, or a folder to write it to.
        fps: Steps a second.
        split: Which tasks.
        seed: Seed of the task, the episodes and the agent; another seed is another task.
        deterministic: Act without sampling.
        pretrained: AGENT is an algorithm, whose agent comes from the zoo (see metazoo zoo).
        show_task: Show yourself the picture, and with it the task, from the start.
        env_kwargs: Arguments of the task distribution.
    """
    id, agent = who_plays((id, also), agent, pretrained, env_kwargs)
    if id is not None:
        ids.known(id)
    if fps is not None and not fps > 0:
        raise find.UsageError(f"--fps {fps} must be more than 0")
    if agent is None:
        _refuse_flags_of_agents(render_mode, out, deterministic)
        if id is None:
            raise find.UsageError("say what to play, e.g. metazoo play meta/GridNavi-v0")
        ids.distribution(id)
        from .by_hand import play_by_hand

        play_by_hand(id, dict(env_kwargs or {}), split, episodes, seed, fps, show_task)
        return 0
    if show_task:
        raise find.UsageError("--show-task is for playing without --agent; pictures of agents do")
    _watch(id, agent, episodes, render_mode, out, fps, split, seed, deterministic, env_kwargs)
    return 0


def _watch(
    id: str | None,
    agent: str,
    episodes: int | None,
    render_mode: RenderMode | None,
    out: str | None,
    fps: float | None,
    split: str | None,
    seed: int,
    deterministic: bool,
    env_kwargs: dict[str, Any] | None,
) -> None:
    """Play a trial with an agent."""
    player = find.agent(agent)
    if id is not None:
        ids.playable(id, player)
    id, kwargs = find.setting(player, agent, id, env_kwargs)
    from ..core.evaluation.acting import as_trained

    mode = _mode(render_mode, out)
    venv = make_one(id, kwargs, split, episodes, "none" not in mode)
    fps = fps or float(venv.metadata["render_fps"])
    every, shown = pace(fps)
    screens: list[Any] = []
    if "human" in mode:
        screens.append(Window(shown))
    if "rgb_array" in mode:
        name = f"play-{type(player).__name__}-{id.rpartition('/')[2]}-s{seed}.gif"
        screens.append(Gif(target(out, agent, name, (".gif",)), shown))

    def show(moment: Moment) -> None:
        if screens and (moment.over or moment.step % every == 0):
            picture = beside(venv.render()[0], moment.cells)
            for screen in screens:
                screen.show(picture, _HOLD if moment.over else 0.0)

    try:
        play_trial(venv, as_trained(player), seed, deterministic, show)
    finally:
        for screen in screens:
            screen.close()
        venv.close()


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


def _refuse_flags_of_agents(mode: str | None, out: str | None, deterministic: bool) -> None:
    given = {
        "--render-mode": mode not in (None, "human"),
        "--out": out is not None,
        "--deterministic": deterministic,
    }
    for flag, is_given in given.items():
        if is_given:
            raise find.UsageError(
                f"{flag} is for watching an agent, and without --agent you play; add e.g. "
                "--agent random"
            )
