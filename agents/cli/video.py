"""`metazoo video`: film an agent adapting to one task."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import numpy as np
import tyro

from . import find, ids
from .believed import beside
from .pretrained import who_plays
from .screens import FILM_NEEDS, Film, Gif, can_film, pace
from .skills_film import play_skills, skills_of
from .trials import Moment, describe, make_one, play_trial, target
from .values import Count, EnvKwargs, OfTrial, Split, unless

_HOLD = 1.0  # seconds that the last picture of an episode stays
_LINE = 18  # height of a line of the caption, pixels
_SIZE = 13  # of its letters
_SMALLEST = 11  # that can be read


def video(
    id: Annotated[str | None, tyro.conf.Positional, unless("the agent's own", "[ID]")] = None,
    also: Annotated[str | None, tyro.conf.Positional, unless("--agent", "[AGENT]")] = None,
    agent: Annotated[str | None, unless("random", "AGENT")] = None,
    episodes: OfTrial = None,
    out: Annotated[
        str | None, unless("the run's folder, else this one; .mp4 if it can be", "PATH")
    ] = None,
    fps: Annotated[float | None, unless("the family's", "FPS")] = None,
    split: Split = None,
    seed: Count = 0,
    deterministic: bool = False,
    pretrained: bool = False,
    skills: bool = False,
    env_kwargs: EnvKwargs = None,
) -> int:
    """Film an agent adapting to a task it has never seen, into an .mp4 or a .gif.

    Every picture tells the task's parameters, which the agent does not see, the episode, the step
    and the return so far. An .mp4 needs what pip install "metazoo[video]" installs; a .gif needs
    nothing more. The same seed is the same task and the same episodes, whichever agent plays. Where
    there is no display, bodies are drawn by EGL where it works (MUJOCO_GL=osmesa draws without it),
    else they are drawn as outlines.

    For example:
      metazoo video meta/HalfCheetahDir-v0 --agent runs/last --episodes 2
      metazoo video rl2 meta/DependentBandit-v0 --pretrained --out bandit.gif
      metazoo video --agent runs/last --seed 7 --out seven.gif
      metazoo video meta/RandomHopper-v0 --agent random --out films
      metazoo video diayn meta/PointNavigation-v0 --pretrained --skills

    Args:
        id: Task distribution; a trained agent has its own, with its arguments.
        also: The agent, as --agent names it; it may stand before the id.
        agent: A run's folder, a checkpoint (.zip) or a baseline (see metazoo list).
        episodes: Episodes in the one task.
        out: An .mp4 or .gif file, or a folder to write it to.
        fps: Steps a second; of more than 30 some are left out.
        split: Which tasks.
        seed: Seed of the task, the episodes and the agent; another seed is another task.
        deterministic: Act without sampling.
        pretrained: AGENT is an algorithm, whose agent comes from the zoo (see metazoo zoo).
        skills: Film an episode of each skill of an agent that has them (DIAYN), in one grid.
        env_kwargs: Arguments of the task distribution.
    """
    id, named = who_plays((id, also), agent, pretrained, env_kwargs)
    agent = named or "random"
    if id is not None:
        ids.known(id)
    if fps is not None and not fps > 0:
        raise find.UsageError(f"--fps {fps} must be more than 0")
    player = find.agent(agent)
    if id is not None:
        ids.playable(id, player)
    id, kwargs = find.setting(player, agent, id, env_kwargs)
    from ..core.evaluation.acting import as_trained

    suffix = ".mp4" if can_film() else ".gif"
    name = f"video-{type(player).__name__}-{id.rpartition('/')[2]}-s{seed}{suffix}"
    path = target(out, agent, name, (".mp4", ".gif"))
    if path.suffix == ".mp4" and not can_film():  # before anything is made
        raise find.UsageError(f"{FILM_NEEDS}; or name a .gif")
    every_skill = skills_of(player, agent) if skills else []
    venv = make_one(id, kwargs, split, episodes, True)
    every, shown = pace(fps or float(venv.metadata["render_fps"]))
    screen = (Film if path.suffix == ".mp4" else Gif)(path, shown)
    who = find.name_of(player)
    if every_skill:
        venv.close()
        played = play_skills(
            every_skill, partial(make_one, id, kwargs, split, 1, True), seed, deterministic
        )
        return show_skills(screen, played, every, f"{who} on {id}")

    def show(moment: Moment) -> None:
        if moment.over or moment.step % every == 0:
            picture = beside(venv.render()[0], moment.cells)
            picture = under_caption(picture, caption(venv, who, moment))
            screen.show(picture, _HOLD if moment.over else 0.0)

    try:
        play_trial(venv, as_trained(player), seed, deterministic, show)
    finally:
        screen.close()
        venv.close()
    return 0


def show_skills(screen: Any, played: Iterator[tuple[Any, bool]], every: int, title: str) -> int:
    """Show what `play_skills` yields, every so many steps, and close the screen."""
    try:
        for step, (picture, over) in enumerate(played):
            if over or step % every == 0:
                lines = [title, f"step {step}"]
                screen.show(under_caption(picture, lines), _HOLD if over else 0.0)
    finally:
        screen.close()
    return 0


def caption(venv: Any, who: str, moment: Moment) -> list[str]:
    """Return what a picture of a film says: who plays what, the task, and how far it is."""
    from meta_envs.core import batches

    return [
        f"{who} on {venv.spec.id}",
        describe(venv, batches.take(venv.tasks, 0)) or "there is but one task",
        f"episode {moment.episode} of {venv.episodes_per_trial}   step {moment.step}   "
        f"return {moment.total:.5g}",
    ]


def under_caption(picture: np.ndarray, lines: list[str]) -> np.ndarray:
    """Write lines above a picture, shortened where they are too long for it.

    Args:
        picture: uint8 [height, width, 3].
        lines: What to write.
    """
    from meta_envs.pictures.drawing import INK, MUTED, RULE, Canvas

    width = picture.shape[1]
    canvas = Canvas(width, _LINE * len(lines) + 12)
    for index, words in enumerate(lines):
        size = float(_SIZE)
        while size > _SMALLEST and canvas.text_width(words, size=size) > width - 20:
            size -= 1
        words = canvas.fitted(words, width - 20, size=size)
        color = INK if index else MUTED
        canvas.text(
            words, (10, 6 + _LINE * (index + 0.5)), size=size, color=color, anchor="midleft"
        )
    canvas.line((0, canvas.height - 1), (width, canvas.height - 1), RULE)
    return np.concatenate([canvas.array(), picture])
