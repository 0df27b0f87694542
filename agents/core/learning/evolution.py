"""Evolution strategies: members around a center, and a step towards those that did better.

P parameters, N members of a generation. Members 2 i and 2 i + 1 are a pair: the center plus and
minus the same noise. The noise of a pair is drawn from (seed, generation, pair) alone, so whoever
evaluates members needs the center and the seed, not the noise.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from .functional import Adam

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class OpenES:
    """OpenAI's evolution strategy: antithetic noise, centred ranks, Adam, weight decay.

    The gradient of the mean fitness is estimated as sum_i(rank_i noise_i) / (N sigma), with ranks
    from -0.5 to 0.5; Adam takes it minus `l2_coef` times the center.

    Args:
        population: Members of a generation, N; an even number.
        sigma: Standard deviation of the noise.
        learning_rate: Adam's.
        l2_coef: Weight decay, added to the gradient.
        sigma_decay: `sigma` is multiplied by this after each generation.
        sigma_limit: Smallest `sigma` that the decay leads to.
        learning_rate_decay: As `sigma_decay`, of the learning rate.
        learning_rate_limit: As `sigma_limit`, of the learning rate.
        adam: The optimiser.

    Raises:
        ValueError: If an argument is out of range.

    Source:
        Salimans et al. 2017 (arXiv 1703.03864), algorithm 2. Members of equal fitness have equal
        ranks here, not ranks in an arbitrary order: if all are equal, nothing moves. The code of
        POET divides by the number of pairs, which doubles the gradient beside the weight decay.
    """

    population: int = 64
    sigma: float = 0.1
    learning_rate: float = 0.01
    l2_coef: float = 0.0
    sigma_decay: float = 1.0
    sigma_limit: float = 0.01
    learning_rate_decay: float = 1.0
    learning_rate_limit: float = 0.001
    adam: Adam = Adam()

    def __post_init__(self) -> None:
        """Check the arguments."""
        if self.population < 2 or self.population % 2:
            raise ValueError(
                f"population={self.population} must be an even number of at least 2: members come "
                "in pairs with opposite noise"
            )
        for name in ("sigma", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)} must be above 0")
        for name in ("sigma_decay", "learning_rate_decay"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be above 0 and at most 1")

    def begin(self, center: torch.Tensor) -> State:
        """Return the state before the first generation.

        Args:
            center: First parameters, [P].
        """
        adam = {f"adam.{name}": part[0] for name, part in self.adam.begin(center[None]).items()}
        return {
            "center": center,
            **adam,
            "sigma": torch.tensor(self.sigma, dtype=torch.float64),
            "learning_rate": torch.tensor(self.learning_rate, dtype=torch.float64),
            "generation": torch.tensor(0),
        }

    def noise(self, state: State, seed: int, pairs: Sequence[int] | range) -> torch.Tensor:
        """Return the noise of some pairs of this generation, normal, [len(pairs), P]."""
        center, first = state["center"], int(state["generation"]) * (self.population // 2)
        drawn = center.new_empty(len(pairs), len(center))
        for row, pair in zip(drawn, pairs, strict=True):
            generator = torch.Generator().manual_seed(fold(seed, "noise", first + pair))
            row.normal_(generator=generator)
        return drawn

    def ask(self, state: State, seed: int, members: range | None = None) -> torch.Tensor:
        """Return the parameters of members, [len(members), P].

        Args:
            state: From `begin` or `tell`.
            seed: Seed of all noise.
            members: Consecutive members, in whole pairs; None is all.

        Raises:
            ValueError: If a pair is split.
        """
        members = range(self.population) if members is None else members
        if members.start % 2 or members.stop % 2 or members.step != 1:
            raise ValueError(f"members={members} split a pair; begin and end with an even number")
        noise = self.noise(state, seed, range(members.start // 2, members.stop // 2))
        scaled = float(state["sigma"]) * noise
        both = torch.stack([scaled, -scaled], dim=1).reshape(len(members), -1)
        return state["center"] + both

    def tell(
        self, state: State, seed: int, fitness: np.ndarray | Sequence[float]
    ) -> tuple[State, dict[str, float]]:
        """Return the state of the next generation, and figures to log.

        Args:
            state: As given to `ask`.
            seed: As given to `ask`.
            fitness: Of every member, in order, [N]; higher is better. NaN ranks last, with a
                warning.

        Raises:
            ValueError: If there are not N numbers, or all are NaN.
        """
        noise = self.noise(state, seed, range(self.population // 2))
        return self.step(state, noise, fitness)

    def step(
        self, state: State, noise: torch.Tensor, fitness: np.ndarray | Sequence[float]
    ) -> tuple[State, dict[str, float]]:
        """Do what `tell` does, with the noise of all pairs, [N / 2, P]."""
        ranks, missing = centred_ranks(fitness, self.population)
        of_pairs = torch.from_numpy(ranks[0::2] - ranks[1::2]).to(noise.dtype)
        sigma, rate = float(state["sigma"]), float(state["learning_rate"])
        gradient = of_pairs @ noise / (self.population * sigma)
        downhill = self.l2_coef * state["center"] - gradient
        adam = {
            name.removeprefix("adam."): part[None]
            for name, part in state.items()
            if name.startswith("adam.")
        }
        center, adam = self.adam.step(state["center"][None], downhill[None], adam, rate)
        known = np.asarray(fitness, dtype=np.float64)
        figures = {
            "fitness_mean": float(np.nanmean(known)),
            "fitness_max": float(np.nanmax(known)),
            "fitness_std": float(np.nanstd(known)),
            "nan_fitness": float(missing),
            "sigma": sigma,
            "learning_rate": rate,
            "center_norm": float(center.norm()),
            "gradient_norm": float(gradient.norm()),
        }
        after = {
            "center": center[0],
            **{f"adam.{name}": part[0] for name, part in adam.items()},
            "sigma": _decayed(state["sigma"], self.sigma_decay, self.sigma_limit),
            "learning_rate": _decayed(
                state["learning_rate"], self.learning_rate_decay, self.learning_rate_limit
            ),
            "generation": state["generation"] + 1,
        }
        return after, figures


def centred_ranks(fitness: Any, population: int) -> tuple[np.ndarray, int]:
    """Return ranks from -0.5 (worst) to 0.5 (best), [N], and how many fitnesses were NaN.

    Equal fitnesses share their mean rank. NaN ranks below everything else.

    Args:
        fitness: N numbers.
        population: N.

    Raises:
        ValueError: If there are not N numbers, or all are NaN.
    """
    from scipy.stats import rankdata  # over a second that making an agent need not wait

    given = np.asarray(fitness, dtype=np.float64)
    if given.shape != (population,):
        raise ValueError(f"fitness has shape {given.shape}; it must be ({population},)")
    nothing = np.isnan(given)
    missing = int(nothing.sum())
    if missing == population:
        raise ValueError(f"the fitness of all {population} members is NaN: no step can be taken")
    if missing:
        warnings.warn(
            f"the fitness of {missing} of {population} members is NaN; they rank last",
            stacklevel=4,
        )
    ranks = rankdata(np.where(nothing, -np.inf, given))
    return (ranks - 1) / (population - 1) - 0.5, missing


def _decayed(value: torch.Tensor, decay: float, limit: float) -> torch.Tensor:
    """Return a number after decay; one that begins below its limit stays where it is."""
    return torch.maximum(value * decay, torch.clamp(value, max=limit)) if decay < 1 else value
