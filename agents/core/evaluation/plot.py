"""Plots of adaptation curves, for one agent or several; headless, without pyplot's global state.

The x axis is the episode of a trial; if a trial is one episode whose rewards are known (as in
bandits), it is the step. Bands are 95 % intervals: bootstrapped for episodes, and normal for steps,
which are many and each a mean over many tasks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..saving.files import atomic_file
from .curve_data import CurveData, PerStep
from .curve_merge import check_alike
from .legend import BAND, GREY, INK, name_lines
from .plot_below import draw_below

if TYPE_CHECKING:  # matplotlib is slow to import: functions import it when they draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE, _DPI = (7.0, 4.2), 150  # inches; pixels an inch
# Okabe and Ito's colours, which colour-blind readers can tell apart; without the pale yellow
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# once the colours are used up
_STYLES, _MARKERS = ("-", (0, (6, 1.5)), (0, (6, 1.5, 1, 1.5))), ("o", "s", "^")
_PALE = "#e3e3e3"
_Z = 1.959964  # 95 % of a normal distribution lies within this many standard deviations
_MARKED = 20  # up to this many episodes get a marker each
_COMPARABLE = ("env", "split", "env_kwargs", "episodes", "steps", "bins")  # equal on one axis


class _Line(NamedTuple):
    """What is drawn: positions, means and band, each [X], and axis names."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    x_name: str
    y_name: str


def new_axes() -> tuple[Figure, Axes]:
    """Return an empty figure of the standard size and its axes; notebooks show either."""
    from .shown import ShownAxes, ShownFigure

    figure = ShownFigure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    ax = figure.add_subplot(axes_class=ShownAxes)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(colors=GREY, labelcolor=INK, labelsize=10)
    ax.grid(axis="y", color=_PALE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.02)
    return figure, ax


def draw(
    ax: Axes, curve: CurveData, label: str | None = None, *, shift: float = 0.0, **kwargs: Any
) -> None:
    """Draw one curve and its 95 % band into `ax`; label the axes, and add a title if there is none.

    Args:
        ax: Where to draw.
        curve: What to draw.
        label: Name in a legend.
        shift: Moves a curve of a single point aside, in units of the x axis.
        **kwargs: For `Axes.plot`.
    """
    from matplotlib.ticker import MaxNLocator

    line = _line(curve)
    by_step = "step" in line.x_name
    style: dict[str, Any] = {"linewidth": 1.6 if by_step else 2.0, "marker": "o"}
    style |= {"markersize": 7, "markeredgecolor": "white", "label": label, **kwargs}
    if by_step or len(line.x) > _MARKED:
        style["marker"] = None
    if len(line.x) == 1:  # a band around one point has no width
        x = line.x + shift
        (drawn,) = ax.plot(x, line.mean, **style)
        ax.vlines(x, line.low, line.high, color=drawn.get_color(), linewidth=2.0, zorder=2)
        ax.set_xlim(0.4, 1.6)
        ax.set_xticks(line.x)
    else:
        (drawn,) = ax.plot(line.x, line.mean, **style)
        colour = drawn.get_color()
        ax.fill_between(line.x, line.low, line.high, color=colour, alpha=BAND, linewidth=0)
    ax.set_xlabel(line.x_name, fontsize=11, color=INK)
    ax.set_ylabel(line.y_name, fontsize=11, color=INK)
    if not by_step and len(line.x) > 1:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not ax.get_title() and not ax.get_title(loc="left"):
        head = "" if label is not None else f"{trained(curve)}\n"
        entitle(ax, head + _title([curve]))


def entitle(ax: Axes, text: str) -> None:
    """Write a title above the left end of the axes."""
    ax.set_title(text, loc="left", fontsize=11, color=INK, pad=10)


def look(index: int) -> dict[str, Any]:
    """Return colour and style of the line with this index; the first 18 differ."""
    again = index // len(_COLOURS) % len(_STYLES)
    # earlier lines lie on top: the first is the subject of the plot
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "linestyle": _STYLES[again],
        "marker": _MARKERS[again],
        "zorder": 3 - 0.01 * index,
    }


def comparison(
    curves: Mapping[str, CurveData],
    *,
    oracle: CurveData | float | None = None,
    random: CurveData | float | None = None,
    optimum: float | tuple[float, str] | None = None,
    title: str | None = None,
) -> Figure:
    """Plot several agents together, with lines for the optimum and for chance.

    Under returns of lifetimes stand the meta-parameters that learners adapted.

    Args:
        curves: Curves by the agent's name in the legend; of one env, split and number of episodes.
        oracle: What an agent that knows the task reaches; a number is in units of the y axis.
        random: What random actions reach.
        optimum: An exactly known value in units of the y axis, alone or with its name.
        title: Title to use instead of env, split and number of tasks.

    Returns:
        The figure; `save` writes it.

    Raises:
        ValueError: There is nothing to draw, or the curves do not share an axis.
    """
    if not curves:
        raise ValueError("comparison got no curves; give it one or more, by name")
    references = {"oracle": oracle, "random": random}
    lines = {k: v for k, v in references.items() if isinstance(v, CurveData)}
    check_alike({**curves, **lines}, _COMPARABLE)
    axes_names = {name: _line(curve)[-2:] for name, curve in {**curves, **lines}.items()}
    (first, names), *others = axes_names.items()
    for name, theirs in others:
        if theirs != names:
            raise ValueError(
                f"{first} is drawn as {names[1]!r} over {names[0]!r}, {name} as {theirs[1]!r} over "
                f"{theirs[0]!r}; evaluate them alike, or draw two pictures"
            )
    figure, ax = new_axes()
    entitle(ax, title or _title(list(curves.values())))
    value, name = optimum if isinstance(optimum, tuple) else (optimum, "optimum")
    _reference(ax, value, name, INK, ":")
    _reference(ax, oracle, "oracle", INK, "--")
    for i, (name, curve) in enumerate(curves.items()):
        shift = 0.8 * ((i + 0.5) / len(curves) - 0.5)
        draw(ax, curve, name, shift=shift, **look(i))
    _reference(ax, random, "random", GREY, "--")
    draw_below(figure, ax, curves)
    name_lines(ax)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write `figure` in the format of the suffix of `path`, completely or not at all.

    Raises:
        ValueError: There is no such format.
        OSError: The file cannot be written; an old one is left as it was.
    """
    suffix = Path(path).suffix.removeprefix(".").lower()
    known = sorted(figure.canvas.get_supported_filetypes())
    if suffix not in known:
        raise ValueError(f"{os.fspath(path)} ends in {suffix!r}; use one of {', '.join(known)}")
    with atomic_file(path) as stream:
        figure.savefig(stream, format=suffix, dpi=_DPI)


def _reference(
    ax: Axes, value: CurveData | float | None, name: str, colour: str, style: str
) -> None:
    """Draw an unobtrusive line: across, for a number; without a band, for a curve."""
    if value is None:
        return
    look: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": 1.4, "label": name}
    line = _line(value) if isinstance(value, CurveData) else None
    if line is not None and len(line.x) > 1:
        ax.plot(line.x, line.mean, zorder=2, **look)
    else:
        ax.axhline(value if line is None else line.mean[0], zorder=2, **look)  # type: ignore[arg-type]


def _line(curve: CurveData) -> _Line:
    """Return what to draw: rewards by step if a trial is one episode, else returns."""
    steps = curve.per_step() if curve.protocol["episodes"] == 1 else None
    if steps is not None:
        kind = "expected reward" if steps.of == "expected_rewards" else "mean reward"
        mean, error = _over_seeds(steps, curve.shared_tasks)
        x = np.arange(1, len(mean) + 1)
        return _Line(x, mean, mean - _Z * error, mean + _Z * error, "step", f"{kind} per step")
    of = "returns" if curve.expected_returns is None else "expected_returns"
    mean, (low, high) = curve.mean(of), curve.interval(of=of)
    x, name = np.arange(1, len(mean) + 1), "episode of the trial"
    if curve.protocol.get("steps"):
        x, name = x * curve.protocol["steps"] // len(mean), "step of the lifetime"
    kind = "expected return" if of == "expected_returns" else "return"
    return _Line(x, mean, low, high, name, f"{kind} per episode")


def _over_seeds(steps: PerStep, shared: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over seeds and its standard error, both [T].

    If seeds shared their tasks, the effect they have in common cannot be separated from single
    means: the error then includes it in full, which errs on the wide side.
    """
    seeds = len(steps.mean)
    within = (steps.standard_error**2).mean(axis=0)
    if seeds == 1:
        return steps.mean[0], np.sqrt(within)
    between = steps.mean.var(axis=0, ddof=1) / seeds
    square = between + within if shared else np.maximum(between, within / seeds)
    return steps.mean.mean(axis=0), np.sqrt(square)


def trained(curve: CurveData) -> str:
    """Return whose curve it is: the agent, its training seeds and its steps of training."""
    protocol = curve.protocol
    parts = [str(protocol["agent"]).removesuffix("()")]
    seeds = protocol.get("seeds", [protocol.get("training_seed")])
    if protocol.get("training_seed") is not None:
        parts.append(f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}")
    if steps := protocol.get("training_steps"):
        parts.append(f"{_span(steps if isinstance(steps, list) else [steps])} steps of training")
    return "  ·  ".join(parts)


def _title(curves: Sequence[CurveData]) -> str:
    """Return env, split, and numbers of tasks and seeds."""
    protocol = curves[0].protocol
    seeds = [curve.n_seeds for curve in curves]
    tasks = _span([curve.protocol["num_tasks"] for curve in curves])
    times = f" × {_span(seeds)} seeds" if max(seeds) > 1 else ""
    return f"{protocol['env']}  ·  split: {protocol['split']}  ·  {tasks} tasks{times}"


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
