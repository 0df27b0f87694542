"""The state of a native batch as a flat dict of arrays, to resume from elsewhere. N rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import autoreset, snapshot_check
from . import rng as _rng
from .snapshot_check import State, like, named, parts

if TYPE_CHECKING:
    from .trial_clock import TrialClock


def get_state(venv: Any) -> State:
    """Return everything that later steps depend on, as copies.

    Args:
        venv: A natively batched environment that has been reset.

    Returns:
        Arrays, most of them [N, ...], under names such as `"state.position"`.
    """
    shown = named("observations", venv._observations)
    whole = {**_core(venv), **shown, **named("more", venv.more_state())}
    return {name: np.array(part) for name, part in whole.items()}


def set_state(venv: Any, state: State) -> None:
    """Restore a state from `get_state`; a refused state changes nothing.

    Args:
        venv: Made with the same arguments as the environment the state is from.
        state: A result of `get_state`.

    Raises:
        TypeError: If it is not a dict.
        ValueError: If it is from another environment or number of rows, or is not a state; the
            message names the part.
    """
    model = {**_core(venv), **named("observations", snapshot_check.shown(venv))}
    checked = snapshot_check.checked(venv, state, model)
    whole, before = _before(venv)
    try:
        _put(venv, checked)
        snapshot_check.check_more(venv, checked)
    except Exception as reason:  # only the family can judge what it keeps besides `state`
        if whole:
            _put(venv, before)
        else:  # the next step requires a reset, which rewrites the rest
            _put_core(venv, before)
            venv._observations = None
        if isinstance(reason, ValueError | NotImplementedError):
            raise
        said = (
            f"{type(venv).__name__} cannot take the state back: {type(reason).__name__}: {reason}"
        )
        raise ValueError(said) from reason


def _core(venv: Any) -> State:
    """Return what every family has, even before the first reset; not copied."""
    clock = venv._clock
    mode = autoreset.NUMBERS[venv.autoreset_mode]
    return {
        # for other modes only: their ended rows wait, which SameStep cannot resume from
        **({"autoreset_mode": np.array(mode)} if mode else {}),
        "elapsed": venv.elapsed,
        "ended": venv._ended,
        "clock.episode": clock.episode,
        "clock.pinned": clock._pinned,
        "clock.pending": clock._pending,
        "clock.seeds": np.array(clock._seeds, dtype=np.uint64),
        "clock.generators": _rng.generator_states(clock._generators),
        "clock.sampling": _rng.generator_states([clock._sampling]),
        "episodes.generator": _rng.generator_states([venv._np_random]),
        **named("state", venv.state),
        **named("clock.tasks", clock._tasks),
        **named("clock.pins", clock._pins),
        **named("random", venv.random.get_state()),
    }


def _before(venv: Any) -> tuple[bool, State]:
    """Return the state to fall back to, and whether it is complete."""
    if venv._observations is not None:
        try:
            return True, get_state(venv)
        except NotImplementedError:  # third-party environments play some rows
            pass
    return False, {name: np.array(part) for name, part in _core(venv).items()}


def _put(venv: Any, state: State) -> None:
    _put_core(venv, state)
    venv._observations = like(snapshot_check.shown(venv), "observations", state)
    venv.apply_tasks(venv.every_row)  # writes models, which belong to tasks, not states
    venv.state = like(venv.state, "state", state)
    venv.set_more_state(parts("more", state))


def _put_core(venv: Any, state: State) -> None:
    venv.elapsed, venv._ended = state["elapsed"], state["ended"]
    _put_clock(venv._clock, state)
    venv._np_random = _rng.generators_of(state["episodes.generator"])[0]
    venv.state = like(venv.state, "state", state)
    venv.random.set_state(parts("random", state))


def _put_clock(clock: TrialClock, state: State) -> None:
    clock.episode, clock._begun = state["clock.episode"], False
    clock._pinned, clock._pending = state["clock.pinned"], state["clock.pending"]
    clock._seeds = [int(seed) for seed in state["clock.seeds"]]
    clock._generators = _rng.generators_of(state["clock.generators"])
    sampling: Any = _rng.generators_of(state["clock.sampling"])[0]
    clock._sampling = sampling
    for name, tasks in (("tasks", clock._tasks), ("pins", clock._pins)):
        for key, values in tasks.items():
            values[...] = state[f"clock.{name}.{key}"]
