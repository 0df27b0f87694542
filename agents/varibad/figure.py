"""What a belief agent believes about the goal of a grid after each step, as a figure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meta_envs.core.rng import fold

from ..core.base.venv import make_venv
from ..core.play.player import Player
from ..core.play.view import open_loop
from ..core.saving.files import atomic_file

if TYPE_CHECKING:  # matplotlib is slow to import: functions import it when they draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _DPI = 1.15, 110  # inches per panel; pixels per inch
_BELIEF, _AGENT, _TRAIL = "Blues", "#D55E00", "#6e6e6e"


@dataclass(frozen=True)
class Believed:
    """A moment of a trial: where the agent is, and what it believes."""

    episode: int  # from 1
    step: int  # of the episode; 0 is its start
    position: np.ndarray  # the observation, [2]
    cells: np.ndarray  # probability that each cell pays, [X, Y]
    reward: float | None  # of the step; None at a start


def watch_belief(
    agent: Any,
    *,
    split: str = "all",
    episodes: int | None = None,
    seed: int = 0,
    deterministic: bool = True,
) -> list[Believed]:
    """Play one trial and keep what is believed after each step.

    Args:
        agent: A `VariBAD` that decodes the cells of a grid of two axes.
        split: Which tasks.
        episodes: Episodes of the trial; None takes the distribution's number.
        seed: Seed of task, episodes and agent.
        deterministic: Act without sampling.

    Raises:
        ValueError: If the agent does not decode a grid of two axes.
    """
    kwargs = {**agent.env_kwargs, "split": split}
    if episodes is not None:
        kwargs["episodes_per_trial"] = episodes
    venv = make_venv(agent.env_id, 1, kwargs)
    loop = open_loop(agent, venv, seed=fold(seed, "act"))
    cells = loop.belief.cells
    if cells is None or cells.ndim != 3:
        raise ValueError(
            "the agent decodes no grid of two axes; train it with reward_decoder='goal' on e.g. "
            "meta/GridNavi-v0"
        )
    player = Player(venv, loop, deterministic, autoreset=False)
    player.reset(fold(seed, "episodes"))
    moments = []
    for episode in range(1, venv.episodes_per_trial + 1):
        number, over, reward = 0, False, None
        while True:
            believed, position = loop.belief.cells[0], player.observations[0]
            moments.append(Believed(episode, number, position.copy(), believed, reward))
            if over:
                break
            step = player.step()
            reward, number, over = float(step.reward[0]), number + 1, bool(step.ended[0])
        if episode < venv.episodes_per_trial:
            player.reset()
    venv.close()
    return moments


def draw_belief(moments: list[Believed], path: str | Path | None = None) -> Figure:
    """Draw a trial: one row per episode, one panel per step.

    The darker a cell, the likelier it pays; the circle is the agent, filled where the step paid.

    Args:
        moments: From `watch_belief`.
        path: Where to also save it; None does not save.

    Raises:
        ValueError: If there are no moments.
        OSError: If it cannot be saved.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not moments:
        raise ValueError("there are no moments to draw; get some from watch_belief")
    rows = max(moment.episode for moment in moments)
    columns = max(moment.step for moment in moments) + 1
    figure = Figure((_PANEL * columns, _PANEL * rows), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.axis("off")
    trail: list[np.ndarray] = []
    for moment in moments:
        trail = [moment.position] if moment.step == 0 else [*trail, moment.position]
        _panel(grid[moment.episode - 1, moment.step], moment, np.array(trail))
    if path is not None:
        target = Path(path)
        with atomic_file(target) as stream:
            figure.savefig(stream, format=target.suffix[1:] or "png")
    return figure


def _panel(ax: Axes, moment: Believed, trail: np.ndarray) -> None:
    ax.axis("on")
    ax.set(xticks=[], yticks=[])
    ax.imshow(moment.cells.T, origin="lower", cmap=_BELIEF, vmin=0.0, vmax=1.0)
    ax.plot(trail[:, 0], trail[:, 1], color=_TRAIL, linewidth=1.0)
    paid = moment.reward is not None and moment.reward > 0
    x, y = moment.position
    ax.plot(x, y, "o", markersize=6, color=_AGENT, markerfacecolor=_AGENT if paid else "none")
    start = f"episode {moment.episode}" if moment.step == 0 else f"{moment.step}"
    ax.set_title(start, fontsize=7, pad=2)
