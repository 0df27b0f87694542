"""The page of a report: one file of HTML that needs nothing else but its picture."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from ..core.evaluation.table import Table

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:80rem;padding:0 1rem}table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #8884;white-space:nowrap}"
    "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}"
    "img{max-width:100%;background:#fff}"
)
_NUMBERS = (
    *("mean", "IQM", "95 % interval", "seeds", "seed", "steps", "score", "probability"),
    *("settings", "trainings"),
)


def page(
    name: str,
    made: Table,
    settings: Sequence[dict[str, Any]],
    better: Sequence[dict[str, Any]],
    drawn: bool,
    recorded: Sequence[dict[str, Any]],
    missing: Sequence[str],
) -> str:
    """Return the page.

    Args:
        name: Of the suite's folder.
        made: Scores of the cells that were run.
        settings: Scores by setting and agent, as in `report.by_setting`.
        better: Comparisons, as in `report.improvements`.
        drawn: Whether there is a picture of profiles beside it.
        recorded: Cells whose results were recorded before.
        missing: Names of cells that are not finished.
    """
    title = html.escape(f"Results of {name}")
    parts = [f"<h1>{title}</h1>"]
    if settings:
        parts += [
            "<h2>By setting</h2>",
            "<p>Mean and interquartile mean over trainings, of the last episode of a trial; cells "
            "that were run and those recorded before. One training has no interval.</p>",
            _by_setting(settings),
        ]
    if made.rows:
        parts += [
            "<h2>Scores in the last episode of a trial</h2>",
            "<p>Mean and interquartile mean over held-out tasks and seeds.</p>",
            _scores(made),
        ]
    if recorded:
        parts += [
            "<h2>Recorded before</h2>",
            "<p>Cells that were not run, because their results stand in files of the repository; "
            "scores are of the last episode of a trial.</p>",
            _recorded(recorded),
        ]
    if better:
        parts += [
            "<h2>Probability that one agent is better than another</h2>",
            "<p>In the last episode of a trial. Over seeds, the mean over the settings "
            "that both were trained in; the interval resamples seeds.</p>",
            _compared(better),
        ]
    if drawn:
        parts += [
            "<h2>Performance profiles</h2>",
            '<img src="profiles.png" alt="Share of trainings above each normalised score">',
        ]
    if missing:
        parts.append(f"<p>Not finished: {html.escape(', '.join(missing))}.</p>")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


def _scores(made: Table) -> str:
    rows = [
        (row["agent"], row["id"], f"{row['mean']:.4g}", f"{row['iqm']:.4g}",
         f"{row['low']:.4g} to {row['high']:.4g}", str(row["seeds"]), row["of"], row["protocol"])
        for row in made.rows
    ]  # fmt: skip
    heads = ("agent", "id", "mean", "IQM", "95 % interval", "seeds", "what", "protocol")
    return _table(heads, rows)


def _by_setting(settings: Sequence[dict[str, Any]]) -> str:
    rows = [
        (row["setting"], row["agent"], f"{row['mean']:.4g}", f"{row['iqm']:.4g}",
         "" if math.isnan(row["low"]) else f"{row['low']:.4g} to {row['high']:.4g}",
         str(row["trainings"]))
        for row in settings
    ]  # fmt: skip
    return _table(("setting", "agent", "mean", "IQM", "95 % interval", "trainings"), rows)


def _recorded(recorded: Sequence[dict[str, Any]]) -> str:
    rows = [
        (one["agent"], one["id"], str(one["seed"]), f"{one['steps']:,}", f"{one['score']:.4g}",
         one["source"])
        for one in recorded
    ]  # fmt: skip
    return _table(("agent", "id", "seed", "steps", "score", "source"), rows)


def _compared(better: Sequence[dict[str, Any]]) -> str:
    rows = [
        (row["agent"], row["than"], f"{row['probability']:.3f}",
         f"{row['low']:.3f} to {row['high']:.3f}", str(row["settings"]))
        for row in better
    ]  # fmt: skip
    return _table(("agent", "than", "probability", "95 % interval", "settings"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], kind: str) -> str:
        made = (
            f"<{kind} class=number>{html.escape(one)}</{kind}>"
            if head in _NUMBERS
            else f"<{kind}>{html.escape(one)}</{kind}>"
            for head, one in zip(heads, cells, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    return f"<table>{line(heads, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
