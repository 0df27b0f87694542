"""The result of an evaluation: how well an agent acts in episode 1, 2, ... K of unseen tasks."""

from __future__ import annotations

import os
from typing import Any

from . import curve_csv, curve_groups, curve_merge, curve_text
from .curve_data import CurveData
from .curve_groups import Groups


class AdaptationCurve(CurveData):
    """Returns per task and episode, with the protocol that produced them.

    Its fields and statistics are those of `CurveData`; this class adds grouping, joining, files,
    plots and text.
    """

    def by(self, key: str, of: str = "success") -> Groups:
        """Return means over the tasks that share a value, and over these groups.

        `curve.by("environment", "frozen_success").mean()` is the success that Meta-World's
        benchmarks report: over the goals of each environment, then over environments.

        Args:
            key: A part of the tasks, e.g. `"environment"`.
            of: Name of the series.

        Raises:
            ValueError: This curve lacks its tasks, the key or the series.
        """
        return curve_groups.group(self, key, of)

    @staticmethod
    def merge(*curves: CurveData) -> AdaptationCurve:
        """Join curves of several seeds that followed the same protocol.

        `protocol["seeds"]` lists the training seeds (the evaluations' where the protocol has no
        `training_seed`); other keys that differ become lists, one entry per seed. Series that
        any curve lacks are dropped.

        Raises:
            ValueError: No curve is given, or their protocols differ in a key that matters.
        """
        return AdaptationCurve(**curve_merge.merge(curves))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write one line per (seed, task, row, episode), atomically; see `curve_csv`.

        Raises:
            OSError: The file cannot be written; an old one is left as it was.
        """
        curve_csv.write(self, path)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one line per (seed, task, row, episode), as `to_csv`.

        Its `attrs` hold the protocol.

        Raises:
            ImportError: pandas is not installed.
        """
        return curve_csv.to_pandas(self)

    @staticmethod
    def from_csv(path: str | os.PathLike[str]) -> AdaptationCurve:
        """Read what `to_csv` wrote: only the tasks' labelled parts; step rewards as `per_step`.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not such a file, or it is damaged.
        """
        return AdaptationCurve(**curve_csv.read(path))

    def plot(self, ax: Any = None, label: str | None = None, **kwargs: Any) -> Any:
        """Draw the curve with its 95 % interval; return the matplotlib Axes.

        The x axis is the episode, or the step if there is one episode whose rewards are known. Axes
        made here are shown by notebooks, but pyplot does not know their figure: for
        `pyplot.show()` pass axes made by pyplot.

        Args:
            ax: Axes to draw into; None makes a new figure (`.figure` of the result).
            label: Name in a legend.
            **kwargs: For `Axes.plot`.
        """
        from .plot import draw, new_axes

        ax = new_axes()[1] if ax is None else ax
        draw(ax, self, label, **kwargs)
        return ax

    def __repr__(self) -> str:
        """Return the means with their protocol, in at most 100 columns."""
        return curve_text.describe(self)
