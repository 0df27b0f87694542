"""Laws of acting: what an agent's inner loop does, row by row. N rows, R of them that act."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

import meta_envs  # noqa: F401  registers the ids

from .case import Case
from .replay import Record, Replay, actions_of
from .setting import IDS

_ROWS, _STEPS, _SEED = 3, 12, 5
_OWN_ROW = (
    "Let row i draw from seed + i alone (meta_envs.core.rng.RowRandom), keep what is learnt of "
    "each row at its index, and write only into the `rows` that are given"
)


def law_actions(case: Case) -> None:
    """Actions are in the action space, one for each acting row, whichever rows act."""
    agent, venv = case.setting.make(), case.setting.batch(_ROWS)
    loop = agent.inner_loop(venv, seed=_SEED)
    loop.reset()
    space = venv.single_action_space
    shown = venv.reset(seed=_SEED)[0]
    for rows in (None, np.array([0, 2])):
        some = shown if rows is None else shown[rows]
        actions = np.asarray(loop.act(some, rows))
        count = _ROWS if rows is None else len(rows)
        do = "Return an array with a valid action for each row, in their order"
        case.require(
            actions.shape == (count, *(space.shape or ())),
            f"act of {count} rows returned the shape {actions.shape} for the space {space}",
            do,
        )
        strange = [one for one in actions if not space.contains(np.asarray(one, space.dtype))]
        case.require(not strange, f"act returned {strange[:1]}, which is not in {space}", do)
        loop.reset()


def law_rows(case: Case) -> None:
    """Row i acts the same in any batch, whatever the other rows see and do."""
    agent, setting = case.setting.make(), case.setting
    record = Record(setting.batch(_ROWS), _STEPS, _SEED)

    def acted(rows: list[int], turns: list[Any], seed: int) -> list[np.ndarray]:
        venv = setting.batch(len(rows))
        loop = agent.inner_loop(venv, seed=seed)
        return actions_of(loop, Replay(venv, record, rows), _STEPS, turns)

    every = list(range(_ROWS))
    whole = acted(every, [None], _SEED)
    again = acted(every, [None], _SEED)
    _same(case, whole, again, "in two inner loops with one seed", every)
    for row in every:
        alone = acted([row], [None], _SEED + row)
        _same(case, [step[[row]] for step in whole], alone, f"beside others and alone ({row})", [0])
    turns = acted(every, [np.array([2]), np.array([0, 1])], _SEED)
    _same(case, whole, turns, "when rows act together and in turns", every)


def law_tasks(case: Case) -> None:
    """A learner knows of its task only what it has seen: it acts the same in any other task."""
    setting = case.setting
    agent = setting.make()
    venvs = [setting.batch(_ROWS), setting.batch(_ROWS)]
    record = Record(venvs[0], _STEPS, _SEED)
    seen = []
    for venv, seed in zip(venvs, (_SEED, _SEED + 1000), strict=True):
        venv.reset(seed=seed)
        loop = agent.inner_loop(venv, seed=_SEED)
        if getattr(loop, "reads_task", False):
            return  # an oracle, which declares that it reads tasks
        seen.append(actions_of(loop, Replay(venv, record, range(_ROWS)), _STEPS, [None]))
    for step, (one, other) in enumerate(zip(*seen, strict=True), 1):
        case.require(
            np.array_equal(one, other),
            f"with equal seeds, observations and rewards the actions of step {step} are "
            f"{one.tolist()} and {other.tolist()} in environments with other tasks",
            "Do not read the environment's tasks (or anything else of it but spaces and sizes); "
            "an oracle says reads_task = True in its inner loop's class",
        )


def law_spaces(case: Case) -> None:
    """`inner_loop` refuses an environment whose spaces are not those of training.

    Or it acts in them, if the agent's class says `any_spaces = True`; with `"boxes"` in those whose
    actions are a Box, and refuses the rest.
    """
    agent = case.setting.make()
    trained = agent.observation_space, agent.action_space
    for id, kwargs in (*IDS, ("meta/BernoulliBandit-v0", {"arms": 4})):
        other = gym.make_vec(id, num_envs=2, **kwargs)
        if (other.single_observation_space, other.single_action_space) == trained:
            continue
        takes = getattr(agent, "any_spaces", False)
        if takes == "boxes":
            takes = isinstance(other.single_action_space, spaces.Box)
        if takes:
            acted = agent.inner_loop(other, seed=_SEED).act(other.reset(seed=_SEED)[0])
            fits = np.shape(acted) == (2, *(other.single_action_space.shape or ()))
            case.require(fits, f"in {id} act returned {acted}", "Make its network for its spaces")
        else:
            case.refuses(
                functools.partial(agent.inner_loop, other),
                f"inner_loop in {id} {kwargs or ''}".rstrip(),
                ("space",),
                "Call agents.core.base.venv.check_spaces first in inner_loop",
                ValueError,
                TypeError,
            )


def _same(
    case: Case, one: list[np.ndarray], other: list[np.ndarray], between: str, rows: list[int]
) -> None:
    """Raise unless actions are equal (up to rounding if they are real numbers)."""
    for step, (left, right) in enumerate(zip(one, other, strict=True), 1):
        for row in rows:
            case.require(
                np.allclose(left[row], right[row], rtol=1e-3, atol=1e-4),
                f"the action of step {step} is {left[row].tolist()} and {right[row].tolist()} "
                f"{between}",
                _OWN_ROW,
            )
