"""What learners adapted, drawn under their returns. K parts of a lifetime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .curve_data import CurveData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 8  # panels
_RETURNS, _PANEL = 3.6, 1.0  # inches, heights
_BAND = 0.18  # opacity of an interval
_Z = 1.959964  # 95 % of a normal distribution lies within this many standard deviations


def adapted(curve: CurveData) -> list[str]:
    """Return the names of the meta-parameters whose course a curve knows."""
    names = curve.protocol.get("meta_parameters") or ()
    return [name for name in names if name in (curve.figures or {})]


def draw_below(figure: Figure, ax: Axes, curves: Mapping[str, CurveData]) -> None:
    """Add a panel for each meta-parameter under the axes of the returns, in the same colours.

    Nothing changes if no curve has any. Bands are normal 95 % intervals over lives.

    Args:
        figure: With the axes of the returns, and nothing else.
        ax: These axes, in which each curve's line has its name.
        curves: Curves of lifetimes, by name.
    """
    names = list(dict.fromkeys(name for curve in curves.values() for name in adapted(curve)))[
        :_MOST
    ]
    if not names:
        return
    heights = [_RETURNS, *[_PANEL] * len(names)]
    figure.set_size_inches(figure.get_size_inches()[0], 0.6 + sum(heights))
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    ax.set_subplotspec(grid[0])
    colours = {line.get_label(): line.get_color() for line in ax.get_lines()}
    below = [figure.add_subplot(grid[row], sharex=ax) for row in range(1, len(heights))]
    for panel, name in zip(below, names, strict=True):
        for label, curve in curves.items():
            if name in adapted(curve):
                _course(panel, curve, name, colours.get(label))
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", linewidth=0.6, alpha=0.4)
        panel.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        panel.tick_params(labelsize=8, labelbottom=panel is below[-1])
    below[-1].set_xlabel(ax.get_xlabel(), fontsize=11)
    ax.set_xlabel("")
    ax.tick_params(labelbottom=False)


def _course(panel: Axes, curve: CurveData, name: str, colour: object) -> None:
    values = curve.series(name)  # [lives, K]
    known = ~np.isnan(values).all(axis=0)  # before the first update there is no value
    values = values[:, known]
    parts = np.arange(1, len(known) + 1)[known]
    x = parts * curve.protocol["steps"] // len(known)
    mean = np.nanmean(values, axis=0)
    (line,) = panel.plot(x, mean, linewidth=1.4, color=colour)
    count = (~np.isnan(values)).sum(axis=0)
    if len(values) > 1:
        spread = np.nanstd(values, axis=0) / np.sqrt(np.maximum(count - 1, 1))
        low, high = mean - _Z * spread, mean + _Z * spread
        panel.fill_between(x, low, high, color=line.get_color(), alpha=_BAND, linewidth=0)
