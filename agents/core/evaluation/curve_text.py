"""A curve in words: its protocol and its numbers, in at most 100 columns."""

from __future__ import annotations

import textwrap
from typing import Any

from .curve_data import SERIES, CurveData
from .curve_groups import summary

_WIDTH = 100  # columns
_LISTED = 12  # this many episodes are listed in full


def describe(curve: CurveData) -> str:
    """Return the protocol, then means with 95 % intervals, as lines of text."""
    lines = [*_describe(curve.protocol, curve.n_seeds), *_table(curve)]
    if curve.tasks is not None:
        for key in curve.protocol.get("task_labels", {}):
            lines += summary(curve, key)
    return "\n".join(lines)


def _describe(protocol: dict[str, Any], n_seeds: int) -> list[str]:
    """Return the protocol as lines of a repr: the main part in words, the rest as key=value."""
    told = ("agent", "env", "split", "num_tasks", "episodes", "seeds", "task_labels")
    head = (
        f"AdaptationCurve of {protocol['agent']} on {protocol['env']}, "
        f"split {protocol['split']!r}: {protocol['num_tasks']:,} tasks x "
        f"{protocol['episodes']} episode{'s' if protocol['episodes'] != 1 else ''}"
    )
    if n_seeds > 1:
        head += f" x {n_seeds} seeds {protocol['seeds']}"
    rest = ", ".join(f"{k}={v!r}" for k, v in protocol.items() if k not in told and v is not None)
    wrap = [textwrap.wrap(text, _WIDTH - 2, subsequent_indent="  ") for text in (head, rest)]
    return wrap[0] + ["  " + line for line in wrap[1]]


def _table(curve: CurveData) -> list[str]:
    """Return the numbers of a repr: means and intervals, totals, first and last steps."""
    names = [n for n in SERIES if n not in ("rewards", "expected_rewards")]
    names = [n for n in names if getattr(curve, n) is not None and getattr(curve, n).size]
    lines = []
    exploring = curve.protocol.get("exploration_episodes", 0)
    for name in names:
        mean, (low, high) = curve.mean(name), curve.interval(of=name)
        lines.append(f"  {name.replace('_', ' ')}: mean and 95 % interval")
        listed = range(len(mean))
        shown = list(listed) if len(mean) <= _LISTED else [*listed[: _LISTED // 2], *listed[-3:]]
        for last, k in zip([-1, *shown], shown, strict=False):
            lines += ["       ..."] if k != last + 1 else []
            which = f"episode {k + 1:3d}" if len(mean) > 1 else "the episode"
            lines.append(f"    {which} {mean[k]:12.5g}   [{low[k]:.5g}, {high[k]:.5g}]")
            if k < exploring and not name.startswith("frozen"):
                lines[-1] += "   (exploring)"
        if exploring and not name.startswith("frozen"):
            value, error = curve.execution(name)
            lines.append(f"    execution   {value:12.5g}   +- {error:.2g} (standard error)")
        elif "returns" in name:
            value, error = curve.total(name)
            lines.append(f"    total       {value:12.5g}   +- {error:.2g} (standard error)")
    steps = curve.per_step()
    if steps is not None:
        mean = steps.mean.mean(axis=0)
        tenth = max(1, len(mean) // 10)
        kind = steps.of.removesuffix("s").replace("_", " ")
        first, last_tenth = mean[:tenth].mean(), mean[-tenth:].mean()
        lines.append(
            f"  {kind} a step: {first:.4g} in the first tenth, {last_tenth:.4g} in the last"
        )
    return lines
