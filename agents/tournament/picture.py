"""A picture of a tournament: who beats whom how often, and all ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .table import Tournament, interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = "#26282e"


def draw(results: Tournament) -> Figure:
    """Return a figure: a table of win rates (row against column), and ratings beside it."""
    from matplotlib.figure import Figure

    order = results.ranked()
    names, count = [results.names[one] for one in order], len(order)
    size = max(0.8 * count, 2.4)
    figure = Figure(figsize=(size + 5.2, size + 1.3), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[size, 2.4], sharey=True)
    rates = np.full((count, count), np.nan)
    for row, one in enumerate(order):
        for column, other in enumerate(order):
            if one != other:
                found = results.of(one, other)
                rates[row, column] = found.wins / found.total
                low, high = interval(found)
                words = f"{rates[row, column]:.0%}\n{low:.0%}-{high:.0%}"
                dark = abs(rates[row, column] - 0.5) > 0.35
                color = "white" if dark else _INK
                left.text(column, row, words, ha="center", va="center", fontsize=8, color=color)
    left.imshow(rates, cmap="RdBu", vmin=0, vmax=1, aspect="auto")
    left.set_xticks(range(count), names, rotation=30, ha="right", fontsize=9)
    left.set_yticks(range(count), names, fontsize=9)
    left.set_title("win rate of the row against the column", fontsize=10, color=_INK)
    means, deviations = results.ratings[order].T
    right.errorbar(means, range(count), xerr=2 * deviations, fmt="o", color="#0072B2", capsize=3)
    right.set_title("rating, ± 2 deviations", fontsize=10, color=_INK)
    right.grid(axis="x", color="#e3e3e3", linewidth=0.8)
    right.spines[["top", "right", "left"]].set_visible(False)
    right.tick_params(axis="y", length=0, labelleft=False)
    return figure
