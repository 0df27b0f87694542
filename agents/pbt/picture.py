"""A population's hyperparameters over time, by lineage: who descends from whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.evaluation.legend import GREY, INK

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 2.1  # inches
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STYLES = ("-", "--", ":")


def lineages(agent: Any) -> Figure:
    """Draw scores and every explored hyperparameter over the steps of training.

    A line goes from each member to what it is a round later, or to what has copied it; it has the
    colour of the member of the first round that it descends from. The best one's ancestry is thick;
    a cross ends what nobody went on with.

    Args:
        agent: A `PBT`.

    Raises:
        ValueError: If it has not trained for a round yet.
    """
    from matplotlib.figure import Figure

    rounds = agent.history
    if not rounds:
        raise ValueError("the population has trained for no round yet: nothing to draw")
    names = list(rounds[0]["values"][0])
    size = (9, 1 + _PANEL * (1 + len(names)))
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    panels = figure.subplots(1 + len(names), 1, sharex=True, squeeze=False)[:, 0]
    roots, ancestry = _roots(rounds), _ancestry(rounds)
    _panel(panels[0], "score", [one["scores"] for one in rounds], rounds, roots, ancestry)
    for axes, name in zip(panels[1:], names, strict=True):
        values, labels = _numbers([[one[name] for one in each["values"]] for each in rounds])
        _panel(axes, name, values, rounds, roots, ancestry)
        if labels is not None:
            axes.set_yticks(range(len(labels)), labels)
        elif _is_log(agent, name):
            axes.set_yscale("log")
    panels[-1].set_xlabel("steps of training, of all members", fontsize=9, color=INK)
    left = sorted({int(root) for root in roots[-1]})
    for root in left:
        panels[0].plot([], [], color=_colour(root), ls=_style(root), label=f"from member {root}")
    panels[0].legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8, labelcolor=INK
    )
    panels[0].set_title(
        f"PBT of {agent.algorithm} on {agent.env_id}  ·  seed {agent.seed}",
        loc="left",
        fontsize=11,
        color=INK,
    )
    return figure


def _panel(
    axes: Axes,
    name: str,
    values: Sequence[Sequence[float]],
    rounds: Sequence[Any],
    roots: np.ndarray,
    ancestry: Sequence[int],
) -> None:
    times = [one["timesteps"] for one in rounds]
    for at in range(len(rounds)):
        went_on = set(rounds[at]["parents"]) if at < len(rounds) - 1 else None
        for member, value in enumerate(values[at]):
            color = _colour(roots[at][member])
            if went_on is not None and member not in went_on:
                axes.plot(times[at], value, "x", ms=4, color=color)
            if at:
                parent = rounds[at - 1]["parents"][member]
                thick = ancestry[at] == member and ancestry[at - 1] == parent
                axes.plot(
                    [times[at - 1], times[at]],
                    [values[at - 1][parent], value],
                    color=color,
                    ls=_style(roots[at][member]),
                    lw=2.6 if thick else 0.9,
                    alpha=1.0 if thick else 0.7,
                )
            else:
                axes.plot(times[at], value, "o", ms=3, color=color)
    axes.set_ylabel(name, fontsize=9, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=8)


def _roots(rounds: Sequence[Any]) -> np.ndarray:
    """Return the member of the first round that each descends from, [rounds, M]."""
    roots = [np.arange(len(rounds[0]["scores"]))]
    for one in rounds[:-1]:
        roots.append(roots[-1][one["parents"]])
    return np.array(roots)


def _ancestry(rounds: Sequence[Any]) -> list[int]:
    """Return which member of each round the best of the last one descends from."""
    scores = np.array(rounds[-1]["scores"], dtype=np.float64)
    line = [int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))]
    for one in reversed(rounds[:-1]):
        line.append(int(one["parents"][line[-1]]))
    return line[::-1]


def _numbers(values: list[list[Any]]) -> tuple[list[list[float]], list[str] | None]:
    """Return values as numbers; where they are none, as places in a list of labels."""
    every = [one for each in values for one in each]
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in every):
        return [[float(one) for one in each] for each in values], None
    labels = sorted({str(one) for one in every})
    return [[float(labels.index(str(one))) for one in each] for each in values], labels


def _is_log(agent: Any, name: str) -> bool:
    prior = agent._space.get(name)
    return isinstance(prior, tuple) and prior[0] == "log"


def _colour(root: int) -> str:
    return _COLOURS[int(root) % len(_COLOURS)]


def _style(root: int) -> str:
    return _STYLES[int(root) // len(_COLOURS) % len(_STYLES)]
