"""The laws of what a family's own methods return at each step, and of episodes that end."""

from __future__ import annotations

from functools import partial
from typing import Any

from .case import Case
from .info_values import changed_layout_fault, infos_fault, layout
from .play import Watched
from .returned import Returned
from .values import Fault, end_fault, kind_of, observation_fault, reward_fault

_STEPS = 200  # most steps played; ids with a longer horizon are not played to the end
_MOST = 10_000  # steps within which an episode must end by itself


def law_returns(case: Case) -> None:
    """Observations, rewards and ends are new, finite, and of the declared shape, type and range."""
    watched = Watched(case)
    seen = Returned()
    watched.look(watched.words.begin, partial(_begin_fault, watched, seen))
    watched.look(watched.words.step, partial(_step_fault, watched, seen))
    watched.play(_STEPS)


def _begin_fault(watched: Watched, seen: Returned, value: Any, count: int | None) -> Fault | None:
    name = "observations" if watched.batched else "the observation"
    return observation_fault(watched.space, value, count, name) or seen.fault(value, name)


def _step_fault(watched: Watched, seen: Returned, value: Any, count: int | None) -> Fault | None:
    fault = _tuple_fault(watched, value)
    if fault is not None:
        return fault
    name = "observations" if watched.batched else "the observation"
    observations, rewards, terminated, *more = value
    fault = (
        observation_fault(watched.space, observations, count, name)
        or reward_fault(rewards, count)
        or end_fault(terminated, count, "terminated")
        or (None if watched.batched else end_fault(more[0], count, "truncated"))
    )
    if fault is not None:
        return fault
    values = {name: observations, "rewards": rewards, "terminated": terminated}
    faults = (seen.fault(value, key) for key, value in values.items())
    return next((fault for fault in faults if fault is not None), None)


def _tuple_fault(watched: Watched, value: Any) -> Fault | None:
    """Check that the tuple has the right number of parts."""
    if watched.batched:
        count, parts = 4, "(observations, rewards, terminated, infos)"
        why = (
            "the core adds truncated, by max_episode_steps of meta_envs.register; what ends an "
            "episode by itself is terminated"
        )
    else:
        count, parts = 5, "(observation, reward, terminated, truncated, info)"
        why = "truncated is False where max_episode_steps of meta_envs.register cuts"
    if not (isinstance(value, tuple) and len(value) == count):
        return Fault(f"{kind_of(value)}, not a tuple of {count}", f"Return {parts}; {why}")
    if not isinstance(value[-1], dict):
        name = "infos" if watched.batched else "info"
        return Fault(f"{kind_of(value[-1])} as {name}", f"Return one dict as {name}, e.g. {{}}")
    return None


def law_infos(case: Case) -> None:
    """Infos are new arrays [N, ...] (or numbers), finite, with the same keys at every step."""
    watched = Watched(case)
    seen, first = Returned(), []  # type: tuple[Returned, list[Any]]
    watched.look(watched.words.step, partial(_infos_fault, watched, seen, first))
    watched.play(_STEPS)


def _infos_fault(
    watched: Watched, seen: Returned, first: list[Any], value: Any, count: int | None
) -> Fault | None:
    infos = value[-1]
    name = "infos" if watched.batched else "info"
    if first and infos is first[1]:
        return Fault(f"the same dict as {name} again", f"Return a new dict as {name} at every step")
    fault = infos_fault(infos, count, name)
    if fault is not None:
        return fault
    now = layout(infos, name)
    first[:] = [first[0] if first else now, infos]
    return changed_layout_fault(first[0], now) or seen.fault(infos, name)


def law_endings(case: Case) -> None:
    """Episodes end: by themselves, or by max_episode_steps."""
    watched = Watched(case)
    if case.horizon is not None:
        return
    ended = watched.play(_MOST, to_first_ends=True)
    case.task = None
    case.require(
        ended.all(),
        f"an episode did not end within {_MOST:,} steps of random actions, and the id has no "
        "max_episode_steps",
        "Give meta_envs.register a max_episode_steps, or let "
        f"{watched.words.step} return terminated in time: agents collect whole episodes and would "
        "wait for ever",
    )
