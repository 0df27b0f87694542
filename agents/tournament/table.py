"""What a tournament says: results of all pairs, win rates with intervals, ratings."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_envs.core.arguments import positive
from meta_envs.core.rng import fold

from .contests import Counts, play_pair

_HEADS = ("agent", "rating", "win rate", "95 % interval", "wins", "draws", "losses")


@dataclass(frozen=True)
class Tournament:
    """Results of all pairs.

    Args:
        names: Of the agents.
        pairs: Results by the numbers of first and second agent, the first the smaller one.
        ratings: Mean and deviation of each agent's skill, [A, 2].
    """

    names: tuple[str, ...]
    pairs: Mapping[tuple[int, int], Counts]
    ratings: np.ndarray

    def of(self, first: int, second: int) -> Counts:
        """Return the results of one agent against another."""
        if first < second:
            return self.pairs[first, second]
        return self.pairs[second, first].swapped()

    def total(self, agent: int) -> Counts:
        """Return the results of one agent against all others."""
        found = [self.of(agent, other) for other in range(len(self.names)) if other != agent]
        return Counts(*(sum(getattr(one, k) for one in found) for k in ("wins", "draws", "losses")))

    def ranked(self) -> list[int]:
        """Return the agents' numbers, the highest rating first."""
        return [int(one) for one in np.argsort(-self.ratings[:, 0], kind="stable")]

    def to_markdown(self) -> str:
        """Return a table of agents, the highest rating first."""
        lines = [_HEADS, ["---"] + ["---:"] * (len(_HEADS) - 1), *map(self._cells, self.ranked())]
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)

    def __str__(self) -> str:
        """Return aligned columns."""
        rows = [_HEADS, *map(self._cells, self.ranked())]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADS))]
        return "\n".join(
            "  ".join(
                one.rjust(width) if column else one.ljust(width)
                for column, (one, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        )

    def to_csv(self) -> str:
        """Return a line for each pair."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        heads = ("first", "second", "wins", "draws", "losses", "win_rate", "low", "high")
        writer.writerow((*heads, "rounds_won", "rounds_drawn", "rounds_lost"))
        for (first, second), one in self.pairs.items():
            rate = (f"{value:.4f}" for value in (one.wins / one.total, *interval(one)))
            names = self.names[first], self.names[second]
            writer.writerow((*names, one.wins, one.draws, one.losses, *rate, *one.rounds))
        return stream.getvalue()

    def _cells(self, agent: int) -> list[str]:
        total = self.total(agent)
        low, high = interval(total)
        mean, deviation = self.ratings[agent]
        return [
            self.names[agent],
            f"{mean:.1f} ± {2 * deviation:.1f}",
            f"{total.wins / total.total:.0%}",
            f"{low:.0%} to {high:.0%}",
            *map(str, (total.wins, total.draws, total.losses)),
        ]


def tournament(
    competitors: Mapping[str, Any],
    n_trials: int = 16,
    n_rounds: int = 3,
    seed: int = 0,
    on_pair: Callable[[str, str, Counts], None] | None = None,
) -> Tournament:
    """Let every agent play every other one, and rate them.

    Args:
        competitors: Agents by name.
        n_trials: Trials of each pair; both agents begin each with no experience.
        n_rounds: Rounds of a trial, of three contests unless they were trained otherwise.
        seed: Of everything random.
        on_pair: Called with the names and results of each pair.

    Raises:
        ImportError: If openskill is not installed.
        ValueError: If there are fewer than two agents, one was trained on something else, or
            bodies cannot meet.
    """
    names = tuple(competitors)
    if len(names) < 2:
        raise ValueError(f"a tournament needs two agents or more, not {list(names)}")
    _openskill()  # rather now than after all contests
    positive("n_trials", n_trials), positive("n_rounds", n_rounds)
    pairs = {}
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            one, other = names[first], names[second]
            own = fold(seed, "pair", first * len(names) + second)
            found = play_pair(competitors[one], competitors[other], n_trials, n_rounds, own)
            pairs[first, second] = found
            if on_pair is not None:
                on_pair(one, other, found)
    return Tournament(names, pairs, rate(len(names), pairs, seed))


def interval(counts: Counts) -> tuple[float, float]:
    """Return the 95 % interval of a win rate (Wilson's)."""
    from scipy import stats  # over a second, which starting a tournament need not wait

    found = stats.binomtest(counts.wins, counts.total).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def rate(agents: int, pairs: Mapping[tuple[int, int], Counts], seed: int) -> np.ndarray:
    """Return mean and deviation of each agent's skill, [A, 2], from contests in random order.

    Args:
        agents: A.
        pairs: Results, as in `Tournament`.
        seed: Of the order.

    Raises:
        ImportError: If openskill is not installed.

    Source:
        Plackett-Luce of Weng and Lin 2011, as openskill has it: its numbers are on TrueSkill's
        scale, 25 and a deviation of 25/3 before the first contest.
    """
    model = _openskill()()
    contests = [
        (first, second, ranks)
        for (first, second), counts in pairs.items()
        for ranks, times in (
            ([1.0, 2.0], counts.wins),
            ([1.0, 1.0], counts.draws),
            ([2.0, 1.0], counts.losses),
        )
        for _ in range(times)
    ]
    skills = [model.rating() for _ in range(agents)]
    for index in np.random.default_rng(fold(seed, "order")).permutation(len(contests)):
        first, second, ranks = contests[index]
        found = model.rate([[skills[first]], [skills[second]]], ranks=ranks)
        skills[first], skills[second] = found[0][0], found[1][0]
    return np.array([[one.mu, one.sigma] for one in skills])


def _openskill() -> Any:
    try:
        from openskill.models import PlackettLuce
    except ImportError as reason:
        raise ImportError(
            "ratings need openskill: pip install 'metazoo[tournament]'", name="openskill"
        ) from reason
    return PlackettLuce
