"""Playing one trial in one row, to be watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import find
from .believed import cells_of

_LONGEST = 6  # numbers of an array that are printed


@dataclass(frozen=True)
class Moment:
    """Where a trial is: after `step` steps of its `episode` (both from 1; a step 0 is a start).

    Args:
        episode: Of the trial.
        step: Of the episode.
        total: Rewards of the episode so far.
        over: Whether the episode has ended.
        cells: How likely each cell of a grid pays, [X, Y], as the agent believes; None if it has
            no such belief.
    """

    episode: int
    step: int
    total: float
    over: bool
    cells: np.ndarray | None = None


def make_one(
    id: str, kwargs: dict[str, Any], split: str | None, episodes: int | None, drawn: bool
) -> Any:
    """Make one row of a task distribution, of held-out tasks where it has some.

    Args:
        id: Its id.
        kwargs: Its arguments.
        split: Which tasks; None is `"test"` where there is one, else `"all"`.
        episodes: Episodes a trial; None is the distribution's number.
        drawn: Whether it is to draw pictures.
    """
    from ..core.base.venv import make_venv

    kwargs = dict(kwargs)
    if episodes is not None:
        kwargs["episodes_per_trial"] = episodes
    if split is not None:
        kwargs["split"] = split
    elif "split" not in kwargs:
        probe = make_venv(id, 1, kwargs, any_id=True)
        kwargs["split"] = "test" if "test" in probe.splits else "all"
        probe.close()
    drawing = {**kwargs, "render_mode": "rgb_array" if drawn else None}
    return make_venv(id, 1, drawing, any_id=True)


def target(out: str | None, agent: str, name: str, suffixes: tuple[str, ...]) -> Path:
    """Return where a file goes: as asked, or into the run's folder, or into this one.

    Args:
        out: A file or a folder; None if nothing was asked.
        agent: What stands for the agent on the command line.
        name: Of the file in a folder, with a suffix.
        suffixes: Of files that can be written.

    Raises:
        UsageError: A file of another kind was asked for.
    """
    if out is None:
        folder = Path(agent)
        path = (folder if folder.is_dir() else Path()) / name
        refuse_link(path)
        return path
    path = Path(out)
    if path.suffix in suffixes:
        return path
    if path.suffix:
        raise find.UsageError(f"--out {out} must be a {' or '.join(suffixes)} file or a folder")
    path.mkdir(parents=True, exist_ok=True)
    return path / name


def refuse_link(path: Path) -> None:
    """Refuse to write through a link that stands where a file of ours goes unless told otherwise.

    Raises:
        UsageError: `path` is one.
    """
    if path.is_symlink():
        raise find.UsageError(f"{path} is a link to {path.readlink()}; remove it, or give --out")


def play_trial(
    venv: Any,
    agent: Any,
    seed: int,
    deterministic: bool,
    show: Callable[[Moment], None],
) -> None:
    """Play one trial in the only row, showing every step and printing every episode.

    Args:
        venv: Of one row.
        agent: Who plays.
        seed: Of the task, the episodes and the agent.
        deterministic: Act without sampling.
        show: Called at every start of an episode and after every step.
    """
    from meta_envs.core import batches
    from meta_envs.core.rng import fold

    from ..core.play.player import Player
    from ..core.play.view import open_loop

    loop = open_loop(agent, venv, 1, fold(seed, "act"))
    # without autoreset: an episode's last picture is to be seen
    player = Player(venv, loop, deterministic, autoreset=False)
    player.reset(fold(seed, "episodes"))
    task = batches.take(venv.tasks, 0)
    loop.reset()
    begin(find.name_of(agent), venv, seed)
    for episode in range(1, venv.episodes_per_trial + 1):
        show(Moment(episode, 0, 0.0, False, cells_of(loop)))
        total, length, success, over = 0.0, 0, None, False
        while not over:
            step = player.step()
            total, length = total + float(step.reward[0]), length + 1
            if "success" in step.infos:
                success = bool(success) or bool(step.infos["success"][0])
            over = bool(step.ended[0])
            report(venv, loop)
            show(Moment(episode, length, total, over, cells_of(loop)))
        tell(episode, total, length, success)
        if episode < venv.episodes_per_trial:
            player.reset()
    reveal(venv, task)


def report(venv: Any, loop: Any) -> None:
    """Let pictures show the meta-parameters that a learner of one lifetime adapts.

    Args:
        venv: Of one row; families whose pictures show figures have a `show_figures`.
        loop: The inner loop that plays.
    """
    adapts = getattr(getattr(loop, "rule", None), "adapts", ())
    if adapts and hasattr(venv, "show_figures"):
        venv.show_figures({name: loop.figures[name] for name in adapts if name in loop.figures})


def begin(name: str, venv: Any, seed: int) -> None:
    """Print who plays what."""
    print(f"{name} on {venv.spec.id}, split {venv.split!r}, seed {seed}", flush=True)


def tell(episode: int, total: float, length: int, success: bool | None) -> None:
    """Print what came of an episode."""
    told = "" if success is None else f"   success {'yes' if success else 'no'}"
    print(f"episode {episode}:   return {total:.5g}   length {length}{told}", flush=True)


def reveal(venv: Any, task: Any) -> None:
    """Print the task."""
    print(f"the task was {describe(venv, task)}", flush=True)


def describe(venv: Any, task: Any) -> str:
    """Return a task in words and a few numbers."""
    parts, labels = [], venv.unwrapped.task_labels
    for key, values in venv.single_task_space.to_jsonable([task]).items():
        array = np.asarray(values[0])
        if key in labels:
            parts.append(f"{key} = {labels[key][int(array)]}")
            continue
        shown = ", ".join(f"{number:.4g}" for number in array.ravel()[:_LONGEST])
        more = f", ...] of shape {array.shape}" if array.size > _LONGEST else "]"
        parts.append(f"{key} = {shown}" if array.ndim == 0 else f"{key} = [{shown}{more}")
    return ", ".join(parts)
