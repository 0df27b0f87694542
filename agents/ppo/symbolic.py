"""Reading a learnt drift off in symbols: a search for a short formula that is near it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.losses.drifts import Drift, drift_loss

Token = str | float
_MARGIN = 1e-4  # as in `drift_network`
_FEATURES = ("log rho", "(rho - 1)", "A log rho", "A (rho - 1)")  # all 0 at rho = 1
_FUNCTIONS: dict[str, tuple[int, Callable[..., torch.Tensor], str]] = {
    "add": (2, torch.add, "({} + {})"),
    "sub": (2, torch.sub, "({} - {})"),
    "mul": (2, torch.mul, "{} * {}"),
    "tanh": (1, torch.tanh, "tanh({})"),
    "relu": (1, torch.relu, "relu({})"),
}


class Formula:
    """A drift in symbols, f = ReLU(g - g(rho = 1) - 1e-4), and a `policy_loss`.

    g is made of log rho, rho - 1, and both times A, which are all 0 at rho = 1: whatever g is,
    there f and its slope are 0, and f is nowhere negative.

    Args:
        tokens: g in prefix form: names of functions (`add`, `sub`, `mul`, `tanh`, `relu`), features
            (`"log rho"`, `"(rho - 1)"`, `"A log rho"`, `"A (rho - 1)"`) and numbers.

    Raises:
        ValueError: If they are no formula.
    """

    def __init__(self, tokens: Sequence[Token]):
        self.tokens = list(tokens)
        rest = self._read(0, lambda _: "", lambda *_: "")[1]
        if rest != len(self.tokens):
            raise ValueError(f"{self.tokens[rest:]} are left over after a whole formula")

    def __str__(self) -> str:
        """Return the drift as text."""
        body = self._read(
            0,
            lambda leaf: leaf if isinstance(leaf, str) else f"{leaf:.3g}",
            lambda name, *parts: _FUNCTIONS[name][2].format(*parts),
        )[0]
        zero = torch.zeros(1, dtype=torch.float64)
        offset = float(self._g(zero, zero)) + _MARGIN
        return f"relu({body} {'-' if offset >= 0 else '+'} {abs(offset):.3g})"

    def drift(self, log_ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        """Return f of log rho and A, all of one shape."""
        zero = torch.zeros_like(log_ratio)
        return torch.relu(self._g(log_ratio, advantage) - self._g(zero, zero) - _MARGIN)

    def __call__(
        self,
        log_prob: torch.Tensor,
        old_log_prob: torch.Tensor,
        advantage: torch.Tensor,
        clip: float,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Return the policy loss; all of one shape, and `clip` has no effect."""
        return drift_loss(log_prob, old_log_prob, advantage, mask, self.drift)

    def _g(self, log_ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        known = dict(zip(_FEATURES, features(log_ratio, advantage), strict=True))

        def leaf(token: Token) -> torch.Tensor:
            return known[token] if isinstance(token, str) else torch.full_like(log_ratio, token)

        return self._read(0, leaf, lambda name, *parts: _FUNCTIONS[name][1](*parts))[0]

    def _read(self, at: int, leaf: Callable[..., Any], node: Callable[..., Any]) -> tuple[Any, int]:
        """Return what the part that begins at `at` comes to, and where the next one begins."""
        if at >= len(self.tokens):
            raise ValueError(f"the formula {self.tokens} ends too early")
        token = self.tokens[at]
        if not isinstance(token, str) or token in _FEATURES:
            return leaf(token), at + 1
        if token not in _FUNCTIONS:
            known = [*_FUNCTIONS, *_FEATURES]
            raise ValueError(f"{token!r} is unknown in a formula; there are {known}")
        parts = []
        at += 1
        for _ in range(_FUNCTIONS[token][0]):
            part, at = self._read(at, leaf, node)
            parts.append(part)
        return node(token, *parts), at


def features(log_ratio: torch.Tensor, advantage: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return what formulas are made of: log rho, rho - 1, and both times A."""
    apart = torch.expm1(log_ratio)
    return log_ratio, apart, advantage * log_ratio, advantage * apart


def fit(
    drift: Drift,
    seed: int = 0,
    population: int = 1000,
    generations: int = 20,
    parsimony: float = 1e-4,
    points: int = 32,
) -> Formula:
    """Search for a short formula near a drift, by genetic programming.

    Args:
        drift: Of log rho and A.
        seed: Seed of the search.
        population: Formulas of a generation.
        generations: Generations.
        parsimony: What a symbol of a formula costs, in units of the mean squared error.
        points: Points along each side of the grid: rho from 1/2 to 2 (evenly in log rho), A from
            -3 to 3.

    Raises:
        ImportError: If gplearn is missing (extra `symbolic`).
    """
    functions, genetic = _gplearn()
    tanh = functions.make_function(function=np.tanh, name="tanh", arity=1)
    relu = functions.make_function(function=lambda x: np.maximum(x, 0.0), name="relu", arity=1)
    sides = torch.linspace(-np.log(2.0), np.log(2.0), points), torch.linspace(-3.0, 3.0, points)
    log_ratio, advantage = (one.flatten() for one in torch.meshgrid(*sides, indexing="ij"))
    with torch.no_grad():
        wanted = drift(log_ratio, advantage)
    search = genetic.SymbolicRegressor(
        population_size=population,
        generations=generations,
        function_set=("add", "sub", "mul", tanh, relu),
        const_range=(-2.0, 2.0),
        metric="mse",
        parsimony_coefficient=parsimony,
        random_state=fold(seed, "formula") % 2**32,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of overflows in formulas that do not survive
        search.fit(torch.stack(features(log_ratio, advantage), dim=1).numpy(), wanted.numpy())
    return Formula([_token(one) for one in search._program.program])


def _token(one: Any) -> Token:
    if hasattr(one, "arity"):
        return str(one.name)
    return _FEATURES[one] if isinstance(one, int | np.integer) else float(one)


def _gplearn() -> tuple[Any, Any]:
    try:
        from gplearn import functions, genetic
    except ImportError as missing:
        raise ImportError("formulas need gplearn: pip install 'metazoo[symbolic]'") from missing
    return functions, genetic
