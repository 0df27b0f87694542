"""Train the pretrained agents of `assets/zoo`, one after the other in this process.

    python benchmarks/zoo.py                                    # whatever is missing
    python benchmarks/zoo.py rl2-meta-GridNavi-v0 --again       # one, anew
    python benchmarks/zoo.py --list                             # what there is to train
    python benchmarks/zoo.py rl2-meta-TMaze-v0 --also 31 32     # scores of further seeds for a card
    python benchmarks/zoo.py stac-meta-Catch-v0 --from a.zip --seconds 29 --command ...
    python benchmarks/zoo.py --films                            # of entries that have none
    python benchmarks/zoo.py --check                            # score all again on other tasks

Pairs, presets and budgets are in `zoo_pairs.py`; seeds were not tuned on. A row for every training
goes to `results/zoo.csv`. Entries that exist are skipped, so that a stopped run goes on; an agent
that is not better than random play by three standard errors gets a row, but no entry. `--check`
plays as many tasks as the card did, writes `results/zoo_check.csv`, and exits with 1 if an entry is
three standard errors off.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import torch
import zoo_check
from results_table import add
from stable_baselines3.common.logger import Logger
from zoo_pairs import PAIRS, Pair

import meta_envs  # noqa: F401  registers the ids
from agents.core.saving.writers import AppendingCSV
from agents.runs.train import class_of
from agents.zoo import Entry, scoring
from agents.zoo.card import NAME
from agents.zoo.entry import FILM
from agents.zoo.making import write_entry
from agents.zoo.page import page

ROOT = Path(__file__).resolve().parent
sys.path.append(str(ROOT.parent))  # for docs.making, which no wheel has
TABLE = ROOT / "results" / "zoo.csv"
_LARGEST = 350_000  # bytes of a film: a moving ground takes 30,000 a picture
_WITHOUT_REWARD = ("diayn",)  # its skills are not to earn anything
BY_NAME = {pair.name: pair for pair in PAIRS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="entries; none are all")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "assets" / "zoo")
    parser.add_argument("--seed", type=int, default=30)
    parser.add_argument("--also", type=int, nargs="+", default=[], help="further seeds to score")
    parser.add_argument("--again", action="store_true", help="train what exists, too")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin nothing after so many")
    parser.add_argument("--from", type=Path, dest="source", help="a checkpoint, not a training")
    parser.add_argument("--seconds", type=float, default=0.0, help="that its training took")
    parser.add_argument("--command", help="that trained it")
    parser.add_argument("--commit", help="at which it was trained")
    parser.add_argument("--films", action="store_true", help="draw those that are missing")
    parser.add_argument("--check", action="store_true", help="score again, and train nothing")
    parser.add_argument("--list", action="store_true")
    wishes = parser.parse_args()
    if unknown := sorted(set(wishes.names) - set(BY_NAME)):
        parser.error(f"no entries {unknown}; --list shows them all")
    chosen = [BY_NAME[name] for name in wishes.names] or list(PAIRS)
    if wishes.list:
        for pair in chosen:
            print(f"{pair.name:<40} {pair.steps:>12,} steps {pair.env_kwargs or ''}")
        return
    torch.set_num_threads(1)
    if wishes.check:
        zoo_check.check([wishes.folder / pair.name for pair in chosen])
    began = time.perf_counter()
    for pair in chosen:
        if time.perf_counter() - began > 60 * wishes.minutes:
            break
        try:
            _do(pair, wishes)
        except Exception:  # one that fails must not cost the others
            print(f"{pair.name} failed", flush=True)
            traceback.print_exc()


def _do(pair: Pair, wishes: argparse.Namespace) -> None:
    folder = wishes.folder / pair.name
    exists = (folder / NAME).is_file()
    if wishes.films:
        if exists and Entry.read(folder).film is None:
            entry = Entry.read(folder)
            _film(pair, entry.load(), folder / FILM)
            _write_page(entry)
        return
    if wishes.also and exists:
        _score_others(pair, Entry.read(folder), wishes.also)
        return
    if exists and not wishes.again:
        return
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "progress.csv"
        agent, seconds = _trained(pair, wishes.seed, log, wishes.source, wishes.seconds)
        entry = write_entry(
            agent,
            pair.agent,
            folder,
            command=wishes.command or f"python benchmarks/zoo.py {pair.name} --seed {agent.seed}",
            commit=wishes.commit,
            seconds=seconds,
            arguments=pair.arguments,
            protocol=pair.protocol,
            log=log,
            draw=lambda made, path: _film(pair, made, path),
        )
    size = sum(file.stat().st_size for file in folder.iterdir())
    if wishes.source is None:  # others were recorded where they were trained
        _record(pair, agent.seed, agent.num_timesteps, seconds, entry.card.score, entry.card.chance)
    print(f"  {size / 1000:.0f} kB, {entry.card.precision}", flush=True)
    if not _is_worth_it(entry):
        shutil.rmtree(folder)
        print("  no better than random play: not kept", flush=True)


def _is_worth_it(entry: Entry) -> bool:
    score, chance = entry.card.score, entry.card.chance
    if chance is None or entry.card.agent in _WITHOUT_REWARD:
        return True
    return score.mean - chance.mean > 3 * max(score.standard_error, chance.standard_error)


def _trained(
    pair: Pair, seed: int, log: Path, source: Path | None, seconds: float
) -> tuple[Any, float]:
    cls = class_of(pair.agent)[1]
    if source is not None:
        return cls.load(source, env=pair.id, env_kwargs=pair.env_kwargs or None), seconds
    given = dict(pair.arguments)
    if pair.policy or cls.policy_aliases:
        given["policy"] = pair.policy or next(iter(cls.policy_aliases))
    first = {"algorithm": given.pop("algorithm")} if "algorithm" in given else {}
    agent = cls(**first, env=pair.id, env_kwargs=pair.env_kwargs or None, seed=seed, **given)
    agent.set_logger(Logger(None, [AppendingCSV(log)]))
    began = time.perf_counter()
    agent.learn(pair.steps, log_interval=_interval(pair, agent))
    return agent, time.perf_counter() - began


def _interval(pair: Pair, agent: Any) -> int:
    """Return how many iterations a line of the log stands for: about a hundred lines in all."""
    steps = getattr(agent, "iteration_steps", lambda: None)()
    return max(1, pair.steps // (100 * steps)) if steps else 1


def _score_others(pair: Pair, entry: Entry, seeds: list[int]) -> None:
    """Train further seeds by the same command, and put their scores on the card."""
    others = list(entry.card.other_seeds)
    for seed in seeds:
        if seed in (entry.card.seed, *(one["seed"] for one in others)):
            continue
        with tempfile.TemporaryDirectory() as place:
            agent, seconds = _trained(pair, seed, Path(place) / "progress.csv", None, 0.0)
        asked = dict(entry.card.score.protocol)
        score = scoring.measure(agent, pair.id, pair.env_kwargs, **asked)
        _record(pair, seed, agent.num_timesteps, seconds, score, entry.card.chance)
        kept = {"seed": seed, "mean": score.mean, "standard_error": score.standard_error}
        others.append(kept)
        card = dataclasses.replace(entry.card, other_seeds=tuple(others))
        card.write(entry.folder)
        _write_page(Entry.read(entry.folder))


def _film(pair: Pair, agent: Any, path: Path) -> None:
    """Draw a film of the agent at play, of fewer pictures where they would take too much room."""
    from docs.making import films

    shown = films.pictures(pair.id, agent, env_kwargs=pair.env_kwargs)
    films.save(shown, path)
    while path.stat().st_size > _LARGEST and len(shown) > 2:
        shown = shown[::2]
        films.save(shown, path)


def _write_page(entry: Entry) -> None:
    text = page(entry.card, entry.film and entry.film.name)
    (entry.folder / "README.md").write_text(text, encoding="utf-8")


def _record(pair: Pair, seed: int, steps: int, seconds: float, score: Any, chance: Any) -> None:
    alone = f"python benchmarks/zoo.py {pair.name} --seed {seed}"  # of this one among many
    row = {
        "entry": pair.name,
        "agent": pair.agent,
        "id": pair.id,
        "env_kwargs": pair.env_kwargs or "",
        "seed": seed,
        "steps": steps,
        "seconds": f"{seconds:.0f}",
        "of": score.of,
        "num_tasks": score.protocol["num_tasks"],
        "mean": f"{score.mean:.5g}",
        "standard_error": f"{score.standard_error:.3g}",
        "chance": "" if chance is None else f"{chance.mean:.5g}",
    }
    add(TABLE, {"machine": platform.machine(), "command": alone, **row})
    print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
