"""Curves from `benchmarks/results/`: how agents learnt, and how they adapt, as SVG."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import listing, pretrained

FOLDER = "_static/curves"  # in the site
RESULTS = listing.ROOT / "benchmarks" / "results"
_STEPS = ("steps", "time/total_timesteps")
_SCORES = {
    "trial_rew_mean": "return of a trial",
    "rollout/ep_rew_mean": "return of an episode",
    "success_frozen": "success after adapting",
    "rollout/fresh_rew_mean": "reward of an iteration, new masters",
}
_GREY, _LINE = "#808792", "#2f81d0"  # both can be read on white and on black
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "metazoo",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
Lines = dict[tuple, list[tuple[float, float]]]  # points by seed and what else tells lines apart


@dataclass(frozen=True)
class Curve:
    """A drawn curve.

    Args:
        agent: Whose, by its name on the command line.
        id: Where it learnt or adapts.
        path: Of the SVG, from the root of the site.
        caption: What stands under it.
        alt: What it shows, with its last values.
        kind: `"learning"` or `"adaptation"`.
    """

    agent: str
    id: str
    path: str
    caption: str
    alt: str
    kind: str


def draw(site: Path) -> list[Curve]:
    """Draw every curve that is one of our agents'.

    Args:
        site: Folder that is the root of the site.
    """
    (site / FOLDER).mkdir(parents=True, exist_ok=True)
    return [*_learning(site), *_adaptation(site), *_pretrained(site)]


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file; lines that begin with # are not among them."""
    text = file.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))


def owners(results: Path = RESULTS) -> dict[str, tuple[str, str]]:
    """Return the agent and the id of each entry of the tables of results, by the entry's name.

    Names are those that files of curves begin with: the entry, alone or behind the table's name;
    where there is no entry, table, agent and a word of the id.
    """
    found: dict[str, tuple[str, str]] = {}
    for file in sorted(results.glob("*.csv")):
        if file.name.count(".") > 1:  # itself a curve
            continue
        for row in rows(file):
            agent = listing.agent_named(row.get("agent") or row.get("learner") or "")
            if agent is None or not row.get("id"):
                continue
            if row.get("entry"):
                found[row["entry"]] = found[f"{file.stem}-{row['entry']}"] = agent, row["id"]
            else:
                for word in re.findall(r"[A-Z][a-z]+", row["id"]):
                    found[f"{file.stem}-{agent}-{word.lower()}"] = agent, row["id"]
    return found


def _learning(site: Path) -> Iterable[Curve]:
    known = owners()
    files: dict[str, list[Path]] = {}
    for file in sorted(RESULTS.glob("*.progress.csv")):
        stem = file.name.removesuffix(".progress.csv")
        files.setdefault(re.sub(r"-s\d+$", "", stem), []).append(file)
    for stem, parts in files.items():
        if stem not in known:
            continue  # a peer's
        agent, id = known[stem]
        lines, score = progress(parts)
        caption = f"{_name(agent)} on {id} ({stem}): {score} while it trains"
        path = f"{FOLDER}/{stem}.svg"
        _save(site / path, lines, "steps", score)
        yield Curve(agent, id, path, caption, _alt(caption, lines), "learning")


def progress(files: Iterable[Path]) -> tuple[Lines, str]:
    """Return the lines of files of one entry, and what their height is."""
    lines: Lines = {}
    found = {file: rows(file) for file in files}
    columns = {key for table in found.values() for row in table for key in row if row[key]}
    steps = next(key for key in _STEPS if key in columns)
    score = next(key for key in _SCORES if key in columns)
    for file, table in found.items():
        for row in table:
            if row.get(score):
                key = (row.get("seed", file.stem), row.get("split", ""), row.get("commit", ""))
                lines.setdefault(key, []).append((float(row[steps]), float(row[score])))
    return {key: sorted(points) for key, points in lines.items()}, _SCORES[score]


def _adaptation(site: Path) -> Iterable[Curve]:
    groups: dict[tuple[str, str, str, str], Lines] = {}
    for table, first in (("learning", 1), ("gradient", 0)):
        for row in rows(RESULTS / f"{table}.csv"):
            agent = listing.agent_named(row["agent"])
            returns = json.loads(row["episodes"] or "[]")
            if agent is None or len(returns) < 2 or row["deterministic"] == "True":
                continue
            points = [(index + first, value) for index, value in enumerate(returns)]
            axis = "episode" if first else "gradient steps"
            key = (agent, row["id"], row["entry"], axis)
            groups.setdefault(key, {})[(row["seed"], row["commit"])] = points
    for (agent, id, entry, axis), lines in groups.items():
        caption = f"{_name(agent)} on {id} ({entry}): held-out tasks, by {axis}"
        path = f"{FOLDER}/{entry}.adaptation.svg"
        _save(site / path, lines, axis, "return")
        yield Curve(agent, id, path, caption, _alt(caption, lines), "adaptation")


def _pretrained(site: Path) -> Iterable[Curve]:
    """Draw what the cards of pretrained agents tell of their training."""
    for name, card in pretrained.cards().items():
        agent, id, told = card["agent"], card["id"], card["training"]
        points = [*zip(told.get("timesteps", ()), told.get("values", ()), strict=True)]
        if len(points) < 2 or agent not in listing.agent_pages():
            continue
        score = _SCORES.get(told["of"], told["of"].rpartition("/")[2])
        caption = f"{_name(agent)} on {id} (pretrained): {score} while it trains"
        path = f"{FOLDER}/zoo-{name}.svg"
        _save(site / path, {(): points}, "steps", score)
        yield Curve(agent, id, path, caption, _alt(caption, {(): points}), "learning")


def _name(agent: str) -> str:
    return listing.agent_class(agent).__name__


def _alt(caption: str, lines: Mapping[Any, list[tuple[float, float]]]) -> str:
    first = sorted(points[0][1] for points in lines.values())
    last = sorted(points[-1][1] for points in lines.values())
    if len(lines) == 1:
        return f"{caption}; a line that begins at {_span(first)} and ends at {_span(last)}."
    return f"{caption}; {len(lines)} lines that begin at {_span(first)} and end at {_span(last)}."


def _span(values: list[float]) -> str:
    least, most = f"{values[0]:.4g}", f"{values[-1]:.4g}"
    return least if least == most else f"{least} to {most}"


def _save(path: Path, lines: Lines, x: str, y: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.4, 2.1), layout="constrained")
        axes = figure.add_subplot()
        marker = "o" if x != "steps" else ""
        for points in lines.values():
            thin = points[:: max(len(points) // 200, 1)]
            axes.plot(
                *zip(*thin, strict=True), color=_LINE, alpha=0.75, lw=1.3, marker=marker, ms=3
            )
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if x == "steps":
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(color=_GREY, alpha=0.2, lw=0.6)
        figure.savefig(path, transparent=True, metadata={"Date": None})
