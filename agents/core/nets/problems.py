"""What of a task is hidden, as numbers that networks embed. B problems, C numbers, L latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from torch import Tensor, nn


class ProblemCode:
    """What of a task is hidden, as few numbers: categories where all of it is discrete.

    Args:
        task_space: The tasks.
        shown: Keys that the first observation shows, and that are therefore left out.
        problem_parts: As of a family: what is to be coded in place of numbers.

    Raises:
        ValueError: If nothing is hidden.
    """

    def __init__(
        self,
        task_space: spaces.Dict,
        shown: tuple[Any, ...],
        problem_parts: Mapping[str, np.ndarray] = {},
    ):
        self.keys = [key for key in task_space if key not in shown]
        if not self.keys:
            raise ValueError(
                f"the first observation shows all of the task ({', '.join(task_space)}), which "
                "leaves nothing to explore"
            )
        self._tables = {key: problem_parts[key] for key in self.keys if key in problem_parts}
        made = {
            key: spaces.MultiDiscrete(table.max(axis=0) + 1) for key, table in self._tables.items()
        }
        parts: list[spaces.Space] = [made.get(key, task_space[key]) for key in self.keys]
        self.discrete = all(_categories(part) is not None for part in parts)
        self.size = sum(int(np.prod(part.shape or (1,))) for part in parts)
        self.categories = 0
        self._shift = np.zeros(self.size)
        if self.discrete:
            counts, starts = map(np.concatenate, zip(*map(_counts, parts), strict=True))
            self._shift = np.cumsum(counts) - counts - starts
            self.categories = int(counts.sum())

    def __call__(self, tasks: Mapping[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Return the codes of some rows' tasks, float32 [R, C]; categories count from 0."""
        parts = [self._numbers(key, np.asarray(tasks[key])[rows]) for key in self.keys]
        return (np.concatenate(parts, axis=1) + self._shift).astype(np.float32)

    def _numbers(self, key: str, values: np.ndarray) -> np.ndarray:
        if key in self._tables:
            return self._tables[key][values]
        return values.reshape(len(values), -1)

    def require_same(self, other: ProblemCode) -> None:
        """Refuse another environment's code that differs.

        Raises:
            ValueError: Naming both.
        """
        if (other.keys, other.size, other.categories) != (self.keys, self.size, self.categories):
            raise ValueError(
                f"the environment hides {other.keys} with {other.size} numbers and "
                f"{other.categories} categories; the agent embeds {self.keys} with {self.size} and "
                f"{self.categories}"
            )


def problem_embedding(
    code_size: int, categories: int, latent_size: int, hidden_size: int, std: float
) -> nn.Module:
    """Return a network from codes to latents.

    Args:
        code_size: C.
        categories: As `ProblemCode.categories`.
        latent_size: L.
        hidden_size: Width of the layer between, where codes are not categories.
        std: Deviation of the latents' numbers at the start, where they are.
    """
    if categories:
        embedding = nn.EmbeddingBag(categories, latent_size, mode="sum")
        nn.init.normal_(embedding.weight, std=std / np.sqrt(code_size))
        return embedding
    return nn.Sequential(
        nn.Linear(code_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, latent_size)
    )


def embedded(embedding: nn.Module, codes: Tensor) -> Tensor:
    """Return the latents of codes, [B, C] -> [B, L]."""
    return embedding(codes.long() if isinstance(embedding, nn.EmbeddingBag) else codes)


def _categories(space: spaces.Space) -> Any:
    return space if isinstance(space, spaces.Discrete | spaces.MultiDiscrete) else None


def _counts(space: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of categories of each number of a part, and the first of each."""
    if isinstance(space, spaces.Discrete):
        return np.array([int(space.n)]), np.array([int(space.start)])
    return space.nvec.ravel(), space.start.ravel()
