"""Figures and axes that notebooks show although pyplot is not used."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that Jupyter shows if it is a cell's last value."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()


class ShownAxes(Axes):
    """Axes of a `ShownFigure`, shown in the same way."""

    def _repr_png_(self) -> bytes:
        figure = self.get_figure()
        assert isinstance(figure, ShownFigure)
        return figure._repr_png_()
