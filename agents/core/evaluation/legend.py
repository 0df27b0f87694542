"""The legend of a plot: beside the axes, which keep their size however many names there are."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # matplotlib is slow to import: functions import it when they draw
    from matplotlib.axes import Axes

GREY, INK = "#6e6e6e", "#262626"
BAND = 0.18  # opacity of an interval
_LABEL = 44  # characters of a line; longer names go on in the next one, from a blank
_AXES = 5.6  # width of axes with their labels, inches; a legend comes on top
_GAP = 0.35  # inches between the axes and the legend, and below it


def name_lines(ax: Axes, bands: bool = True) -> None:
    """Name the lines right of the axes in the order they were drawn, and widen the figure for it.

    Args:
        ax: The only axes of a figure.
        bands: Whether there are intervals to explain.
    """
    from matplotlib.artist import Artist
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    handles: list[Artist] = [*lines]
    labels = [_whole(str(line.get_label())) for line in lines]
    if bands:
        handles.append(Patch(color=GREY, alpha=BAND, linewidth=0))
        labels.append("95 % interval")
    legend = ax.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0, frameon=False, fontsize=10, labelcolor=INK, handlelength=2.4,
    )  # fmt: skip
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        canvas = FigureCanvasAgg(figure)
    box = legend.get_window_extent(canvas.get_renderer())
    needed = box.height / figure.dpi + 2 * _GAP + 0.3  # a title above, the x axis below
    height = max(figure.get_size_inches()[1], needed)
    figure.set_size_inches(_AXES + box.width / figure.dpi + _GAP, height)


def _whole(name: str) -> str:
    """Break a long name between words only."""
    return textwrap.fill(name, _LABEL, break_long_words=False, break_on_hyphens=False)
