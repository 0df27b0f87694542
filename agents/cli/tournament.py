"""`metazoo tournament`: agents trained on contests play each other, all pairs, and are rated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from . import find
from .trials import refuse_link

_Runs = Annotated[
    tuple[str, ...],
    tyro.conf.Positional,
    tyro.conf.arg(metavar="RUN", help_behavior_hint="(two or more)"),
]


def tournament(
    runs: _Runs = (),
    trials: int = 16,
    rounds: int = 3,
    seed: int = 0,
    out: str = "tournament",
) -> int:
    """Let agents that were trained on contests play each other, all pairs, and rate them.

    Writes pairs.csv (results of every pair), ratings.md and tournament.png into the folder --out.

    For example:
      metazoo tournament runs/ppo-Sumo-* runs/rl2-Sumo-v0-s0
      metazoo tournament a.zip b.zip c.zip --trials 64 --out spring

    Args:
        runs: Run folders or checkpoints, trained on meta/Sumo-v0.
        trials: Trials of each pair; agents begin each with no experience.
        rounds: Rounds of a trial, each of three contests.
        seed: Seed for all randomness.
        out: Folder of the results.
    """
    from ..core.evaluation.plot import save
    from ..core.saving.files import atomic_file
    from ..tournament import Counts
    from ..tournament import tournament as play
    from ..tournament.picture import draw

    places = [Path(run).resolve() for run in runs]
    if twice := [run for run, place in zip(runs, places, strict=True) if places.count(place) > 1]:
        raise find.UsageError(f"{twice[0]} is given twice; an agent does not play itself")
    if len(runs) < 2:
        raise find.UsageError("name two runs or more, e.g. metazoo tournament runs/a runs/b")
    names = [Path(run).stem if run.endswith(".zip") else Path(run).name for run in runs]
    names = [run if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)]
    folder = Path(out)
    refuse_link(folder)

    def tell(first: str, second: str, found: Counts) -> None:
        score = f"{found.wins} won, {found.draws} drawn, {found.losses} lost"
        print(f"{first} against {second}: {score}", flush=True)

    competitors = {name: find.agent(run) for name, run in zip(names, runs, strict=True)}
    results = play(competitors, trials, rounds, seed, tell)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("pairs.csv", results.to_csv()), ("ratings.md", results.to_markdown())):
        with atomic_file(folder / name) as stream:
            stream.write(text.encode())
    save(draw(results), folder / "tournament.png")
    print(f"{results}\n{folder}")
    return 0
