"""The state of a native batch as a flat dict of arrays, to go on from elsewhere. N rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import rng as _rng

if TYPE_CHECKING:
    from .trial_clock import TrialClock
    from .vector import MetaVectorEnv

State = dict[str, np.ndarray]


def get_state(venv: MetaVectorEnv) -> State:
    """Return all that later steps depend on, as copies.

    Args:
        venv: Natively batched, and reset before.

    Returns:
        Arrays, most of them [N, ...], under names such as `"state.position"`.
    """
    clock = venv._clock
    state: State = {
        "elapsed": venv.elapsed,
        "ended": venv._ended,
        "clock.episode": clock.episode,
        "clock.pinned": clock._pinned,
        "clock.pending": clock._pending,
        "clock.seeds": np.array(clock._seeds, dtype=np.uint64),
        "clock.generators": _rng.generator_states(clock._generators),
        "clock.sampling": _rng.generator_states([clock._sampling]),
        "episodes.generator": _rng.generator_states([venv._np_random]),
    }
    state.update(_named("observations", venv._observations))
    state.update(_named("state", venv.state))
    state.update(_named("clock.tasks", clock._tasks))
    state.update(_named("clock.pins", clock._pins))
    state.update(_named("random", venv.random.get_state()))
    state.update(_named("more", venv.more_state()))
    return {name: np.array(part) for name, part in state.items()}


def set_state(venv: MetaVectorEnv, state: State) -> None:
    """Put a batch into a state of `get_state`.

    Args:
        venv: Made with the same arguments as the one that the state is from.
        state: Of `get_state`.

    Raises:
        ValueError: If the state is of another environment or number of rows.
    """
    _check(venv, state)
    clock = venv._clock
    venv.elapsed = state["elapsed"].copy()
    venv._ended = state["ended"].copy()
    _set_clock(clock, state)
    venv._np_random = _rng.generators_of(state["episodes.generator"])[0]
    venv._observations = _unnamed("observations", state)
    venv.apply_tasks(venv.every_row)  # writes models, which belong to tasks and not to states
    venv.state = {key: part.copy() for key, part in _parts("state", state).items()}
    venv.random.set_state(_parts("random", state))
    venv.set_more_state({key: part.copy() for key, part in _parts("more", state).items()})


def _set_clock(clock: TrialClock, state: State) -> None:
    clock.episode = state["clock.episode"].copy()
    clock._begun = False
    clock._pinned, clock._pending = state["clock.pinned"].copy(), state["clock.pending"].copy()
    clock._seeds = [int(seed) for seed in state["clock.seeds"]]
    clock._generators = _rng.generators_of(state["clock.generators"])
    sampling = _rng.generators_of(state["clock.sampling"])[0]
    assert sampling is not None
    clock._sampling = sampling
    for name, tasks in (("tasks", clock._tasks), ("pins", clock._pins)):
        for key, values in _parts(f"clock.{name}", state).items():
            tasks[key][...] = values


def _check(venv: MetaVectorEnv, state: State) -> None:
    rows = len(state["elapsed"]) if "elapsed" in state else 0
    keys = {f"state.{key}" for key in venv.state}
    keys |= {f"clock.tasks.{key}" for key in venv.single_task_space}
    if missing := sorted(keys - state.keys()):
        raise ValueError(
            f"the state lacks {missing[:3]}, which {type(venv).__name__} has; it is of another "
            "environment"
        )
    if rows != venv.num_envs:
        raise ValueError(f"the state is of {rows} rows; this environment has {venv.num_envs}")
    for key, part in venv.state.items():
        given = state[f"state.{key}"]
        if given.shape != part.shape:
            raise ValueError(
                f"the state's {key!r} has the shape {given.shape}, not {part.shape}; make the "
                "environment with the same arguments"
            )


def _named(name: str, part: Any) -> State:
    """Flatten an array, or a dict of them, under a name."""
    if isinstance(part, dict):
        named: State = {}
        for key, inner in part.items():
            named.update(_named(f"{name}.{key}", inner))
        return named
    return {name: part}


def _parts(name: str, state: State) -> State:
    """Return what stands under a name, without it."""
    return {
        key.removeprefix(f"{name}."): part
        for key, part in state.items()
        if key.startswith(f"{name}.")
    }


def _unnamed(name: str, state: State) -> Any:
    if name in state:
        return state[name].copy()
    return {key: part.copy() for key, part in _parts(name, state).items()}
