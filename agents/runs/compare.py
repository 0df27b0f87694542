"""Compare runs: seeds of one agent together, agents side by side, in a picture or a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.evaluation.table import Table, tabulate
from .groups import Paths, merged, read
from .references import references

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.figure import Figure

X = ("episode", "steps")


def plot(
    runs: Paths, *, by: str = "agent", label: Sequence[str] = (), x: str = "episode"
) -> Figure:
    """Draw several runs into one picture.

    Where it is known what random actions and an oracle reach, they are drawn as lines; so are
    curves of `Random` and of oracles that are given beside others.

    Args:
        runs: Folders of runs, or files that `metazoo evaluate --out` wrote.
        by: `"agent"` merges the seeds of an agent, `"run"` draws every run.
        label: Names in the legend, one a curve; None of them: agents, with what tells them apart.
        x: `"episode"` draws how agents adapt after training, `"steps"` how they learnt.

    Returns:
        The figure, which notebooks show; `figure.savefig(path)` writes it.

    Raises:
        OSError: A run cannot be read.
        ValueError: The curves do not share an axis, or an argument is unknown.
    """
    if x not in X:
        raise ValueError(f"x={x!r} is unknown; use 'episode' or 'steps'")
    if x == "steps":
        from .learning import plot_learning

        return plot_learning(runs, by, label)
    from ..core.evaluation.plot import comparison

    entries = read(runs)
    named = merged(entries, by, label)
    if twice := {name for name, _ in named if [one for one, _ in named].count(name) > 1}:
        raise ValueError(
            f"{', '.join(sorted(twice))} names two curves; name each of them (--label)"
        )
    curves = dict(named)
    lines: dict[str, Any] = dict(references(named[0][1]))
    for name in [] if label else list(curves):
        kind = "random" if name == "Random" else "oracle" if name.endswith("Oracle") else None
        if kind and len(curves) > 1:
            lines[kind] = curves.pop(name)
    return comparison(curves, **lines)


def table(
    runs: Paths, *, by: str = "agent", label: Sequence[str] = (), of: str | None = None
) -> Table:
    """Tabulate several runs, also of several ids: what each earns in the last episode of a trial.

    Args:
        runs: As in `plot`.
        by: As in `plot`.
        label: Names, one a row.
        of: A series, e.g. `"success"`; None takes expected returns where they are known, else
            returns.

    Raises:
        OSError: A run cannot be read.
        ValueError: A curve lacks the series, or an argument is unknown.
    """
    return tabulate(merged(read(runs), by, label), of)
