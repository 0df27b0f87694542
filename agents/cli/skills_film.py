"""All skills of an agent in one film: a grid of pictures, each of one skill."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import find
from .trials import describe

_PANEL = 200  # width of a skill's picture, pixels
_LABEL = 18  # height of the line above it


class Side:
    """One skill that plays an episode in a row of its own.

    Args:
        agent: The skill.
        venv: Of one row, which draws.
        seed: Of the task, the episode and the skill's actions; the same for all sides.
        deterministic: Act without sampling.
    """

    def __init__(self, agent: Any, venv: Any, seed: int, deterministic: bool):
        from meta_envs.core.rng import fold

        from ..core.play.player import Player
        from ..core.play.view import open_loop

        self.venv, self.total, self.over = venv, 0.0, False
        loop = open_loop(agent, venv, 1, fold(seed, "act"))
        self._player = Player(venv, loop, deterministic, autoreset=False)
        self._player.reset(fold(seed, "episodes"))
        loop.reset()
        self.picture = self._drawn()

    def step(self) -> None:
        """Play a step, unless the episode is over; its last picture then stays."""
        if self.over:
            return
        step = self._player.step()
        self.total += float(step.reward[0])
        self.over = bool(step.ended[0])
        self.picture = self._drawn()

    def _drawn(self) -> np.ndarray:
        """Return the picture as it is now, uint8 [height, _PANEL, 3]."""
        from PIL import Image

        drawn = Image.fromarray(self.venv.render()[0])
        height = round(drawn.height * _PANEL / drawn.width)
        return np.asarray(drawn.resize((_PANEL, height), Image.Resampling.LANCZOS))


def skills_of(agent: Any, text: str) -> list[Any]:
    """Return the skills of an agent.

    Args:
        agent: The agent.
        text: What stands for it on the command line.

    Raises:
        UsageError: It has none.
    """
    if not hasattr(agent, "skill") or not hasattr(agent, "n_skills"):
        raise find.UsageError(
            f"--skills: {find.name_of(agent)} ({text}) has no skills; an agent with `skill` and "
            "`n_skills` has, e.g. one of DIAYN"
        )
    return [agent.skill(number) for number in range(agent.n_skills)]


def play_skills(
    skills: list[Any], make: Any, seed: int, deterministic: bool
) -> Iterator[tuple[np.ndarray, bool]]:
    """Play an episode of each skill, all in the same task from the same start.

    Args:
        skills: Who play.
        make: Makes a row that draws.
        seed: Seed for the task, the episodes and the actions.
        deterministic: Act without sampling.

    Yields:
        A picture of all, uint8 [height, width, 3], for the start and each step, and whether all
        episodes are over.
    """
    from meta_envs.core import batches

    venvs: list[Any] = []
    try:
        sides = []
        for skill in skills:
            venvs.append(make())
            sides.append(Side(skill, venvs[-1], seed, deterministic))
        names = [f"skill {number}" for number in range(len(skills))]
        task = describe(venvs[0], batches.take(venvs[0].tasks, 0))
        step, over = 0, False
        yield grid([side.picture for side in sides], names), over
        while not over:
            for side in sides:
                side.step()
            step, over = step + 1, all(side.over for side in sides)
            yield grid([side.picture for side in sides], names), over
        print(f"{len(sides)} skills, {step} steps; the task was {task or 'the only one'}")
        for name, side in zip(names, sides, strict=True):
            print(f"{name}:   return {side.total:.5g}", flush=True)
    finally:
        for venv in venvs:
            venv.close()


def grid(pictures: list[np.ndarray], names: list[str]) -> np.ndarray:
    """Put pictures of one size into a grid that is about as high as it is wide.

    Args:
        pictures: Each uint8 [height, width, 3].
        names: What to write above each.

    Returns:
        uint8 [height, width, 3].
    """
    from meta_envs.pictures.drawing import INK, Canvas

    columns = math.ceil(math.sqrt(len(pictures)))
    height, width = pictures[0].shape[:2]
    panels = []
    for picture, name in zip(pictures, names, strict=True):
        label = Canvas(width, _LABEL)
        label.text(name, (6, _LABEL / 2), size=12.0, color=INK, anchor="midleft")
        panels.append(np.concatenate([label.array(), picture]))
    empty = np.broadcast_to(panels[0][0, 0], panels[0].shape)  # paper
    panels += [empty] * (-len(panels) % columns)
    lines = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    return np.concatenate([np.concatenate(line, axis=1) for line in lines])
