"""Where the time of stepping small random bodies goes, beside raw `mj_step`, in processor time.

    python -m benchmarks.physics_parts reacher walker --repeats 7

256 rows, each with its own body, stepped by one thread, so that processor time is all there is and
what else the machine does hardly matters. Each repeat runs all of these in turn, by random actions:

- `raw`: one nominal body that stays in the cache, controls written, nothing read;
- `own bodies`: the same with the 256 bodies of the rows, one after the other, all steps of each:
  what other bodies cost;
- `in turn`: a step of each body, then the next: what 256 models and states cost the caches;
- `read`: `Physics.step`: controls written and fields read, as arrays of all rows;
- then `gym.make_vec(...).step` as it is, divided into the physics (`read` again, with episodes as
  they end), observations and rewards, bodies written for new tasks, beginnings of episodes, and the
  rest (checks, trial clocks, autoresets, infos).

Figures are microseconds of a row's step, medians over repeats. Appends to
`benchmarks/results/physics_parts.csv`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

import meta_envs  # noqa: F401  registers the ids
from benchmarks.parts import Parts
from benchmarks.results_table import append
from meta_envs.physics.bodies import Physics

IDS = {
    "reacher": "meta/RandomReacher-v0",
    "walker": "meta/RandomWalker-v0",
    "hopper": "meta/RandomHopper-v0",
}
_ROWS = 256
_EARLY = 16  # steps of the first parts, from a fresh reset: hardly a body has fallen by then
_STEPS = 100  # of the batch as it is
_COLUMNS = (
    "id,rows,raw,own_bodies,in_turn,read,whole,physics,observations_rewards,new_bodies,beginnings,"
    "rest,in_turn_of_raw,whole_of_raw"
)


def spent(play: Callable[[], None], steps: int) -> float:
    """Return the processor time of a call, in microseconds for each of `steps`."""
    began = time.process_time()
    play()
    return (time.process_time() - began) / steps * 1e6


def raw(physics: Physics, controls: np.ndarray) -> Callable[[], None]:
    """Return a function that steps one nominal body, for as many steps as all rows together."""
    model = physics.nominal
    data = mujoco.MjData(model)

    def play() -> None:
        for row in range(_ROWS):
            mujoco.mj_resetData(model, data)
            for step in range(_EARLY):
                data.ctrl[:] = controls[step, row]
                mujoco.mj_step(model, data, physics.frame_skip)

    return play


def own_bodies(physics: Physics, controls: np.ndarray) -> Callable[[], None]:
    """Return a function that steps each row's body for all its steps, then the next."""

    def play() -> None:
        for row, (model, data) in enumerate(zip(physics.models, physics.data, strict=True)):
            for step in range(_EARLY):
                data.ctrl[:] = controls[step, row]
                mujoco.mj_step(model, data, physics.frame_skip)

    return play


def in_turn(physics: Physics, controls: np.ndarray) -> Callable[[], None]:
    """Return a function that steps every row's body once, then again."""

    def play() -> None:
        for step in range(_EARLY):
            for row, (model, data) in enumerate(zip(physics.models, physics.data, strict=True)):
                data.ctrl[:] = controls[step, row]
                mujoco.mj_step(model, data, physics.frame_skip)

    return play


def read(physics: Physics, controls: np.ndarray) -> Callable[[], None]:
    """Return a function that steps every row by `Physics.step`."""

    def play() -> None:
        for step in range(_EARLY):
            physics.step(controls[step])

    return play


def repeat(id: str, seed: int) -> dict[str, float]:
    """Measure every part once, in microseconds of a row's step."""
    venv: Any = gym.make_vec(id, num_envs=_ROWS, threads=1)
    space = venv.single_action_space
    venv.reset(seed=seed)
    rng = np.random.default_rng(seed)
    actions = rng.uniform(space.low, space.high, (_STEPS, _ROWS, *space.shape))
    physics = venv.unwrapped.physics
    beginning = physics.get_state()
    found: dict[str, float] = {}
    for part in (raw, own_bodies, in_turn, read):
        for _ in range(2):  # the first time, code and tables are not in the cache
            physics.set_state(beginning)
            found[part.__name__] = spent(part(physics, actions), _EARLY * _ROWS)
    venv.reset(seed=seed)
    parts = Parts()
    for owner, method, name in (
        *((venv, "step", "rest"), (venv, "step_rows", "observations_rewards")),
        *((venv, "apply_tasks", "new_bodies"), (venv, "begin_episodes", "beginnings")),
        (physics, "step", "physics"),
    ):
        parts.watch(owner, method, name)
    floats = actions.astype(np.float32)
    for step in range(_STEPS):
        venv.step(floats[step])
    venv.close()
    each = {name: all / (_STEPS * _ROWS) * 1e6 for name, all in parts.seconds.items()}
    return {**found, "whole": sum(each.values()), **each}


def main() -> None:
    """Measure the bodies named, and append a row each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bodies", nargs="+", choices=IDS)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    for body in given.bodies:
        found = [repeat(IDS[body], seed) for seed in range(given.repeats)]
        ratios = [(one["raw"] / one["in_turn"], one["raw"] / one["whole"]) for one in found]
        names = _COLUMNS.split(",")[2:-2]
        middle = [float(np.median([one.get(name, 0.0) for one in found])) for name in names]
        figures = [*middle, *np.median(ratios, axis=0).tolist()]
        append("physics_parts.csv", _COLUMNS, [IDS[body], _ROWS], figures)


if __name__ == "__main__":
    main()
