"""The family tree of POET's tasks: when each came, whose child it is, and who moved where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.evaluation.legend import GREY, INK
from ..core.evaluation.plot import save

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN, _PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
_ROW = 0.34  # inches of a task in the tree
_MOST_ROWS = 60  # of full height; of more tasks, some have a thumbnail
_KEY = "blue: tasks and whose children they are, dark once solved; orange: agents that moved"


def tree(agent: Any) -> Figure:
    """Draw which task is whose child, over iterations, and below it what evolution achieved.

    Agents' moves are thin lines; where the family can draw its tasks, each has a thumbnail.

    Args:
        agent: A `POET`.
    """
    from matplotlib.figure import Figure

    admitted = {one["niche"]: one for one in agent.history if one["kind"] == "admission"}
    height = 0.4 + _ROW * min(max(len(admitted), 4), _MOST_ROWS)
    figure = Figure(figsize=(9, height + 2.6), layout="constrained", dpi=150)
    thumbnail = getattr(agent.venv.unwrapped, "thumbnail", None)
    wide = 1.3 if thumbnail is not None else 0.01
    grid = figure.add_gridspec(2, 2, width_ratios=(wide, 7.5), height_ratios=(height, 2.0))
    axes = figure.add_subplot(grid[0, 1])
    _tree(axes, agent, admitted)
    if thumbnail is not None:
        beside = figure.add_subplot(grid[0, 0], sharey=axes)
        _thumbnails(beside, thumbnail, admitted)
    _counts(figure.add_subplot(grid[1, 1], sharex=axes), agent, len(admitted))
    name = type(agent).__name__
    axes.set_title(
        f"{name} on {agent.env_id}  ·  seed {agent.seed}",
        loc="left",
        fontsize=11,
        color=INK,
        pad=16,
    )
    return figure


def draw_tree(agent: Any, path: str | os.PathLike) -> None:
    """Write the picture of `tree` to a file.

    Args:
        agent: A `POET`.
        path: The picture's file.

    Raises:
        OSError: If it cannot be written.
        ValueError: If its suffix is of no format.
    """
    save(tree(agent), path)


def _tree(axes: Axes, agent: Any, admitted: dict[int, dict[str, Any]]) -> None:
    last = max(agent.iteration, 1)
    removed = {one["niche"]: one["iteration"] for one in agent.history if one["kind"] == "removal"}
    solved = {one["niche"]: one["iteration"] for one in agent.history if one["kind"] == "solved"}
    for number, event in admitted.items():
        born, parent, end = event["iteration"], event["parent"], removed.get(number, last)
        axes.plot([born, end], [number, number], color=_BLUE, lw=3, alpha=0.45)
        if number in solved:
            axes.plot([solved[number], end], [number, number], color=_BLUE, lw=3)
        if parent is not None:
            axes.plot([born, born], [parent, number], color=_BLUE, lw=1)
    for event in agent.history:
        if event["kind"] == "transfer":
            at = event["iteration"]
            axes.plot([at, at], [event["other"], event["niche"]], color=_ORANGE, lw=0.8, ls=":")
            axes.plot(at, event["niche"], "o", color=_ORANGE, ms=3)
    for one in agent.niches:
        if not np.isnan(one.score):
            axes.annotate(
                f" {round(one.score)}",
                (last, one.number),
                va="center",
                fontsize=8,
                annotation_clip=False,
                color=INK,
            )
    axes.set_ylabel("task (right: score)", fontsize=9, color=INK)
    step = -(-len(admitted) // _MOST_ROWS)
    axes.set_yticks(sorted(admitted)[::step])
    axes.set_ylim(-0.7, max(admitted) + 0.7)
    axes.margins(x=0.05)
    axes.text(0, 1.0, _KEY, transform=axes.transAxes, fontsize=7, color=GREY, va="bottom")
    _plain(axes)


def _thumbnails(axes: Axes, thumbnail: Any, admitted: dict[int, dict[str, Any]]) -> None:
    step = -(-len(admitted) // _MOST_ROWS)
    for number in sorted(admitted)[::step]:
        task = {key: np.asarray(value) for key, value in admitted[number]["task"].items()}
        half = 0.46 * step
        axes.imshow(thumbnail(task), extent=(0, 1, number - half, number + half), aspect="auto")
    axes.set_xlim(0, 1)
    axes.axis("off")


def _counts(axes: Axes, agent: Any, tasks: int) -> None:
    """Draw how many there have been of what, over iterations."""
    last = max(agent.iteration, 1)
    novel = {one["niche"] for one in agent.history if one.get("novel")}
    lines = [
        ("tasks", "admission", _BLUE, lambda one: True),
        ("tasks solved", "solved", _GREEN, lambda one: True),
        ("ANNECS: novel ones solved", "solved", _PINK, lambda one: one["niche"] in novel),
        ("transfers (right)", "transfer", _ORANGE, lambda one: True),
    ]
    right = axes.twinx()
    for name, kind, color, counts in lines:
        if name.startswith("ANNECS") and not agent.keeps_retired:
            continue
        found = [one for one in agent.history if one["kind"] == kind and counts(one)]
        at = sorted(one["iteration"] for one in found)
        where = right if kind == "transfer" else axes
        steps, numbers = [0, *at, last], [0, *range(1, len(at) + 1), len(at)]
        line = where.step(steps, numbers, where="post", color=color, lw=1.6)[0]
        if where is right:
            axes.plot([], [], color=color, lw=1.6, label=name)
        else:
            line.set_label(name)
    axes.set_xlabel("iteration", fontsize=9, color=INK)
    axes.set_ylim(0, tasks + 0.5)
    right.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False, fontsize=8, labelcolor=INK)
    right.tick_params(colors=_ORANGE, labelsize=8)
    right.spines[["top", "left", "bottom"]].set_visible(False)
    right.spines["right"].set_color(_ORANGE)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=8)
