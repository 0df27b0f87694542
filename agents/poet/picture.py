"""The family tree of POET's tasks: when each came, whose child it is, and who moved where."""

from __future__ import annotations

import os
from typing import Any


def draw_tree(agent: Any, path: str | os.PathLike) -> None:
    """Draw which task is whose child, over iterations; agents' moves are thin lines.

    Args:
        agent: A `POET`.
        path: The picture's file.

    Raises:
        OSError: If it cannot be written.
    """
    from matplotlib.figure import Figure

    last = max(agent.iteration, 1)
    admitted = {one["niche"]: one for one in agent.history if one["kind"] == "admission"}
    removed = {one["niche"]: one["iteration"] for one in agent.history if one["kind"] == "removal"}
    figure = Figure(figsize=(8, 1.5 + 0.35 * len(admitted)), layout="constrained")
    axes = figure.subplots()
    for number, event in admitted.items():
        born, parent = event["iteration"], event["parent"]
        axes.plot([born, removed.get(number, last)], [number, number], color="#0072b2", lw=3)
        if parent is not None:
            axes.plot([born, born], [parent, number], color="#0072b2", lw=1)
    for event in agent.history:
        if event["kind"] == "transfer":
            at = event["iteration"]
            axes.plot([at, at], [event["other"], event["niche"]], color="#d55e00", lw=0.8, ls=":")
            axes.plot(at, event["niche"], "o", color="#d55e00", ms=3)
    scores = {one.number: one.score for one in agent.niches}
    for number, score in scores.items():
        axes.annotate(
            f" {score:.0f}", (last, number), va="center", fontsize=8, annotation_clip=False
        )
    axes.set(xlabel="iteration", ylabel="task, in the order of admission")
    axes.set_yticks(sorted(admitted))
    axes.set_title(
        "blue: tasks and whose children they are; orange: agents that moved; right: scores",
        fontsize=9,
    )
    axes.margins(x=0.05)
    figure.savefig(path)
