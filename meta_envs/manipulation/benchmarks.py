"""Meta-World's benchmarks: which environments train and test, and the goals of each.

A goal is what upstream calls a `rand_vec`: places of objects and of the target, three or six
numbers in metres; [6] here, padded with zeros. Numbers are those of metaworld 3.1.1 (MIT licence).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

import numpy as np

from ..core.arguments import choice, whole
from .reaches import REACHES, Reach

GOAL_SIZE = 6
_GOALS = 50  # per environment
_LAST_SEED = 2**32 - 2  # of upstream's generator; ML1 also uses seed + 1

NAMES = tuple(REACHES)  # sorted; a task's "environment" is an index into it

# fmt: off
# In upstream's order, on which the goals depend.
_ML10_TRAIN = (
    "reach-v3", "push-v3", "pick-place-v3", "door-open-v3", "drawer-close-v3",
    "button-press-topdown-v3", "peg-insert-side-v3", "window-open-v3", "sweep-v3", "basketball-v3",
)
_ML10_TEST = (
    "drawer-open-v3", "door-close-v3", "shelf-place-v3", "sweep-into-v3", "lever-pull-v3",
)
_ML25_TRAIN = (
    "reach-v3", "push-v3", "pick-place-v3", "door-open-v3", "drawer-open-v3", "drawer-close-v3",
    "button-press-topdown-v3", "peg-insert-side-v3", "window-open-v3", "window-close-v3",
    "coffee-pull-v3", "pick-out-of-hole-v3", "disassemble-v3", "pick-place-wall-v3",
    "basketball-v3", "stick-pull-v3", "button-press-wall-v3", "faucet-open-v3", "door-lock-v3",
    "lever-pull-v3", "sweep-into-v3", "faucet-close-v3", "coffee-button-v3",
    "button-press-topdown-wall-v3", "dial-turn-v3",
)
_ML25_TEST = (
    "basketball-v3", "door-close-v3", "shelf-place-v3", "sweep-v3", "button-press-v3",
)
_ML45_TRAIN = (
    "assembly-v3", "basketball-v3", "button-press-topdown-v3", "button-press-topdown-wall-v3",
    "button-press-v3", "button-press-wall-v3", "coffee-button-v3", "coffee-pull-v3",
    "coffee-push-v3", "dial-turn-v3", "disassemble-v3", "door-close-v3", "door-open-v3",
    "drawer-close-v3", "drawer-open-v3", "faucet-open-v3", "faucet-close-v3", "hammer-v3",
    "handle-press-side-v3", "handle-press-v3", "handle-pull-side-v3", "handle-pull-v3",
    "lever-pull-v3", "pick-place-wall-v3", "pick-out-of-hole-v3", "push-back-v3", "pick-place-v3",
    "plate-slide-v3", "plate-slide-side-v3", "plate-slide-back-v3", "plate-slide-back-side-v3",
    "peg-insert-side-v3", "peg-unplug-side-v3", "soccer-v3", "stick-push-v3", "stick-pull-v3",
    "push-wall-v3", "push-v3", "reach-wall-v3", "reach-v3", "shelf-place-v3", "sweep-into-v3",
    "sweep-v3", "window-open-v3", "window-close-v3",
)
_ML45_TEST = (
    "bin-picking-v3", "box-close-v3", "hand-insert-v3", "door-lock-v3", "door-unlock-v3",
)
# fmt: on
# ML25's basketball both trains and tests (a slip of upstream's list): with other goals, so that its
# splits are disjoint, but its test success is not that of an unseen environment.
SPLITS: dict[str, dict[str, tuple[str, ...]]] = {
    "ML10": {"train": _ML10_TRAIN, "test": _ML10_TEST},
    "ML25": {"train": _ML25_TRAIN, "test": _ML25_TEST},
    "ML45": {"train": _ML45_TRAIN, "test": _ML45_TEST},
}
BENCHMARKS = ("ML1", *SPLITS)

Goals = dict[str, tuple[tuple[str, np.ndarray], ...]]  # by split: environments and goals [50, 6]


def environment_named(name: str) -> str:
    """Return the name of an environment.

    Raises:
        ValueError: If there is none with that name; the error names the nearest.
    """
    if isinstance(name, str) and name in REACHES:
        return name
    near = get_close_matches(str(name), NAMES, n=1, cutoff=0.0)[0]
    raise ValueError(
        f"task_name={name!r} is unknown; did you mean {near!r}? Meta-World has {', '.join(NAMES)}"
    )


def goals(benchmark: str, task_name: str | None, seed: int) -> Goals:
    """Draw the goals of a benchmark, as `metaworld.ML10(seed)` and its siblings do.

    Args:
        benchmark: One of `BENCHMARKS`.
        task_name: The environment of ML1; None for the others.
        seed: Seed for the goals; ML1's test goals are drawn with `seed + 1`, as upstream.

    Raises:
        ValueError: If benchmark or environment are unknown or do not go together, or the seed is
            out of range.
    """
    choice("benchmark", benchmark, BENCHMARKS)
    whole("goals_seed", seed, 0, _LAST_SEED)
    if benchmark != "ML1":
        if task_name is not None:
            raise ValueError(f"task_name={task_name!r} is for ML1; {benchmark} has its own list")
        return _goals(benchmark, "", seed)
    if task_name is None:
        raise ValueError("ML1 needs a task_name, e.g. 'reach-v3'")
    return _goals(benchmark, environment_named(task_name), seed)


@lru_cache(maxsize=8)
def _goals(benchmark: str, task_name: str, seed: int) -> Goals:
    if benchmark == "ML1":
        return {"train": _drawn((task_name,), seed), "test": _drawn((task_name,), seed + 1)}
    return {split: _drawn(names, seed) for split, names in SPLITS[benchmark].items()}


def refusal(name: str, goal: np.ndarray) -> str | None:
    """Return why an environment would not start with a goal [6]; None if the goal is valid.

    Args:
        name: Name of the environment.
        goal: Goal, padded with zeros.
    """
    reach = REACHES[name]
    size = len(reach.low)
    if goal[size:].any():
        return f"{name} has goals of {size} numbers; the others are to be zero"
    outside = ~((goal[:size] >= reach.low) & (goal[:size] <= reach.high))
    if outside.any():
        index = int(np.argmax(outside))
        return f"{name} has goal[{index}] in [{reach.low[index]}, {reach.high[index]}]"
    if reach.apart and _distance(goal[:size]) < reach.apart:
        return (
            f"{name} has object and target at least {reach.apart} m apart in the plane; "
            f"they are {_distance(goal[:size]):.3f}"
        )
    return None


def unpadded(name: str, goal: np.ndarray) -> np.ndarray:
    """Return a goal [6] in upstream's form, [3] or [6]."""
    return goal[: len(REACHES[name].low)].copy()


def bounds() -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a box that contains all goals, [6] each."""
    low, high = np.zeros(GOAL_SIZE), np.zeros(GOAL_SIZE)
    for reach in REACHES.values():
        size = len(reach.low)
        low[:size] = np.minimum(low[:size], reach.low)
        high[:size] = np.maximum(high[:size], reach.high)
    return low, high


def _drawn(names: tuple[str, ...], seed: int) -> tuple[tuple[str, np.ndarray], ...]:
    # Upstream seeds the global generator, of this type, and draws for each environment in turn.
    rng = np.random.RandomState(seed)
    return tuple((name, _drawn_of(REACHES[name], rng)) for name in names)


def _drawn_of(reach: Reach, rng: np.random.RandomState) -> np.ndarray:
    drawn = np.zeros((_GOALS, GOAL_SIZE))
    for goal in drawn:
        for _ in range(2):  # upstream's reset draws twice and keeps the second
            while True:
                one = rng.uniform(reach.low, reach.high)
                if not reach.apart or _distance(one) >= reach.apart:
                    break
        goal[: len(one)] = one
    drawn.setflags(write=False)
    return drawn


def _distance(goal: np.ndarray) -> float:
    return float(np.linalg.norm(goal[:2] - goal[-3:-1]))
