"""The laws of the task API at its border: what is reported and refused, and Gymnasium's own."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import error, spaces
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from ..core import batches
from ..core.vector import MetaVectorEnv
from .case import MOST_STEPS, Case, Transcript, action_list, play, same_bits, task_api

# Warnings of Gymnasium's checker that only recommend something about a space, or are common.
_RECOMMENDATIONS = ("we recommend", "This is probably too", "maximum and minimum values are equal")
_COMMON = (
    "A Box observation space minimum value is -infinity",
    "A Box observation space maximum value is infinity",
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ACTION_ERRORS = (ValueError, error.InvalidAction)
_ACTION_DO = "Call `self.valid_action(action)` first in step (MetaEnv)"


def law_reports(case: Case) -> None:
    """Every reset reports the task, every step of a batch where trials started; nothing else."""
    do = "Leave reset and step to the core, and return no 'task' in infos"
    env, venv = case.make(), case.make_vec(3, max_episode_steps=3)
    api = task_api(env)
    case.require(api.task is None, "task is not None before the first reset", do)
    case.require(venv.tasks is None, "tasks is not None before the first reset", do)
    _, info = case.start(env, 0)
    case.require(same_bits(info.get("task"), api.task), "info['task'] is not the task", do)
    *_, info = env.step(action_list(env.action_space, 1, 0)[0])
    case.require("task" not in info, "a step's info holds 'task'", do)
    _, infos = venv.reset(seed=0)
    case.require(same_bits(infos.get("task"), venv.tasks), "infos['task'] is not the tasks", do)
    for key, values in venv.tasks.items():
        space = venv.single_task_space[key]
        case.require(
            values.shape == (3, *(space.shape or ())) and values.dtype == space.dtype,
            f"tasks[{key!r}] is {values.dtype} of shape {values.shape}",
            do,
        )
    venv.action_space.seed(0)
    for step in range(1, 9):
        _, _, terminated, truncated, infos = venv.step(venv.action_space.sample())
        started = infos.get("trial_start")
        case.require("task" not in infos, "a step's infos hold 'task'", do)
        case.require(
            isinstance(started, np.ndarray) and started.dtype == bool and started.shape == (3,),
            f"infos['trial_start'] of step {step} is {started!r}, not a bool array [3]",
            do,
        )
        case.require(
            not (started & ~(terminated | truncated)).any(),
            f"a trial started inside an episode, step {step}",
            do,
        )


def law_ends(case: Case) -> None:
    """An episode that ended shows its last observation, and the next one begins in that step."""
    do = "Return new arrays from begin_episodes and step_rows, in the observation space's type"
    venv = case.make_vec(3, max_episode_steps=3)
    mode = venv.metadata.get("autoreset_mode")
    case.require(
        mode is AutoresetMode.SAME_STEP,
        f"metadata['autoreset_mode'] is {mode!r}",
        "Add to the metadata of MetaVectorEnv instead of replacing it",
    )
    case.seed = 2
    venv.action_space.seed(2)
    kept: list[tuple[Any, Any]] = []
    observations, _ = venv.reset(seed=2)
    kept.append((observations, batches.copy(observations)))
    elapsed = np.zeros(3, dtype=np.int64)
    for step in range(1, 10):
        observations, rewards, terminated, truncated, infos = venv.step(venv.action_space.sample())
        _check_batch(case, venv, (observations, rewards, terminated, truncated), do)
        elapsed += 1
        case.require(
            bool((truncated == (elapsed >= 3)).all()),
            f"truncated is {truncated} with max_episode_steps=3 at step {elapsed}",
            "Leave cutting at max_episode_steps to the core",
        )
        ends = terminated | truncated
        elapsed[ends] = 0
        case.require(
            ("final_obs" in infos) == bool(ends.any())
            and (not ends.any() or bool((infos["_final_obs"] == ends).all())),
            f"episodes ended in rows {ends}, but _final_obs is {infos.get('_final_obs')}",
            "Leave step to the core",
        )
        if ends.any():
            _check_batch(case, venv, (infos["final_obs"], rewards, terminated, truncated), do)
            kept.append((infos["final_obs"], batches.copy(infos["final_obs"])))
        for array in (observations, rewards):
            kept.append((array, batches.copy(array)))
        case.require(
            all(same_bits(array, copied) for array, copied in kept),
            f"step {step} wrote into an array that an earlier call returned",
            do,
        )


def _check_batch(case: Case, venv: MetaVectorEnv, outcome: Any, do: str) -> None:
    observations, rewards, terminated, truncated = outcome
    case.require(
        venv.observation_space.contains(observations),
        f"the batch of observations is not in {venv.observation_space}",
        do,
    )
    types = [(part.dtype, part.shape) for part in (rewards, terminated, truncated)]
    expected = [(np.dtype(kind), (venv.num_envs,)) for kind in (np.float64, bool, bool)]
    case.require(
        types == expected,
        f"rewards, terminated and truncated are {types}, not {expected}",
        "Return float64 rewards [N] and bool terminated [N] from step_rows",
    )


def law_actions(case: Case) -> None:
    """A bad action is refused and changes nothing; a Box action out of bounds is clipped."""
    env, venv = case.make(), case.make_vec(2)
    space = env.action_space
    actions = action_list(space, MOST_STEPS, 4)
    first, _ = case.start(env, 3)
    expected = [("first observation", first), *play(env, actions)]
    first, _ = case.start(env, 3)
    seen: Transcript = [("first observation", first)]
    venv.reset(seed=3)
    for bad in _bad_actions(space, actions[0]):
        what = f"the action {bad!r}"
        case.refuses(partial(task_api(env).step, bad), _ACTION_ERRORS, what)
        case.refuses(partial(venv.step, [actions[0], bad]), _ACTION_ERRORS, f"{what} in row 1")
    case.refuses(partial(venv.step, [actions[0]]), _ACTION_ERRORS, "one action for two rows")
    seen += play(env, actions)
    case.same(expected, seen, "without and with refused actions before it", _ACTION_DO)
    if isinstance(space, spaces.Box) and np.isfinite(space.low).all() & space.is_bounded("above"):
        _check_clipping(case, env, space)


def _bad_actions(space: spaces.Space, good: Any) -> list[Any]:
    """List actions of the wrong shape, not numbers, or out of range."""
    shape = space.shape or ()
    bad: list[Any] = [np.zeros((*shape, 2), dtype=space.dtype), np.full(shape, np.nan), None]
    bad.append(np.full(shape, "left"))
    if isinstance(space, spaces.Discrete):
        bad += [int(space.start) - 1, int(space.start + space.n), float(space.start) + 0.5]
    elif isinstance(space, spaces.MultiDiscrete):
        bad += [space.start - 1, space.start + space.nvec]
    elif shape:
        some = np.array(good, dtype=np.float64)
        some.flat[-1] = np.nan
        bad.append(some)
    return bad


def _check_clipping(case: Case, env: gym.Env, space: spaces.Box) -> None:
    for low, high in ((space.low, space.high), (space.high, space.low)):
        sign = np.sign(low - high)
        outside = (low + sign * np.abs(low - high)).astype(space.dtype)
        seen = []
        for action in (low, outside):
            first, _ = case.start(env, 3)
            seen.append([("first observation", first), *play(env, [action] * 4)])
        case.same(seen[0], seen[1], "with an action at the bound and beyond it", _ACTION_DO)


def law_bad_arguments(case: Case) -> None:
    """Bad arguments are answered with what is allowed; a step before reset is an error."""
    makers: dict[str, Callable[..., Any]] = {
        "make": case.make,
        "make_vec": lambda **more: case.make_vec(2, **more),
    }
    for name, make in makers.items():
        for wrong in (0, -1, 1.5):
            case.refuses(
                partial(make, episodes_per_trial=wrong),
                ValueError,
                f"{name} with episodes_per_trial={wrong}",
                ["episodes_per_trial", str(wrong)],
            )
        case.refuses(
            partial(make, no_such_argument=1),
            TypeError,
            f"{name} with an unknown argument",
            ["no_such_argument", "split"],
        )
        env = make()
        case.refuses(
            partial(env.step, env.action_space.sample()),
            error.ResetNeeded,
            f"a step before the first reset ({name})",
        )
        case.refuses(
            partial(env.reset, options={"tusk": None}),
            ValueError,
            f"an unknown reset option ({name})",
            ["tusk", "task"],
        )
    case.refuses(partial(case.make_vec, 0), ValueError, "num_envs=0")


def law_gymnasium(case: Case) -> None:
    """Gymnasium's own checker finds nothing, and the spec is JSON and makes the same again."""
    spec = gym.spec(case.id)
    try:
        json.loads(spec.to_json())
    except Exception as raised:
        do = "Register with JSON-able kwargs only"
        raise case.broken(f"spec.to_json() raised {raised!r}", do) from raised
    env = case.make()
    made = env.spec
    assert made is not None  # environments from gymnasium.make have one
    again = gym.make(made)
    case.require(
        repr(again) == repr(env) and again.observation_space == env.observation_space,
        f"gymnasium.make(env.spec) is {again!r}, not {env!r}",
        "Let constructor arguments alone decide what is made",
    )
    inside = env.unwrapped
    inside.action_space.seed(0)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            check_env(inside, skip_render_check=True)
        except Exception as raised:
            name = type(raised).__name__
            do = "Do as gymnasium.utils.env_checker.check_env says"
            raise case.broken(f"check_env raised {name}: {raised}", do) from raised
    for warning in warned:
        _heed(case, warning)


def _heed(case: Case, warning: warnings.WarningMessage) -> None:
    """Separate complaints of Gymnasium's checker from advice.

    Advice is recommendations about a space, and warnings from the author's own code.
    """
    text = _COLOUR.sub("", str(warning.message))
    said = text.removeprefix("WARN: ")
    if text == said:
        place = f"{os.path.basename(warning.filename)}, line {warning.lineno}"
        case.advise(f"{warning.category.__name__} ({place}): {said}")
    elif not any(words in said for words in _COMMON):
        do = "Do as gymnasium.utils.env_checker.check_env says"
        advice = any(words in said for words in _RECOMMENDATIONS)
        case.require(advice, f"check_env warned: {said}", do)
        case.advise(f"Gymnasium: {said}")
