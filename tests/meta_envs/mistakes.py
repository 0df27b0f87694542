"""Typical mistakes of who writes a first family, batched or scalar; `MISTAKES` says what is told.

Each is one change to a family that is right, as its author would make it.
"""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from meta_envs import MetaEnv, MetaVectorEnv
from meta_envs.core.splits import interleave


class Guess(MetaVectorEnv):
    """A hidden number is guessed: a batched family without a mistake."""

    splits: Any = ("train", "test", "all")
    guesses = 5
    task_type: Any = np.float64

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"secret": spaces.Box(0.0, 1.0, (), self.task_type)}),
            observation_space=spaces.Box(-1.0, 1.0, (1,), np.float32),
            action_space=spaces.Box(0.0, 1.0, (1,), np.float32),
            **core,
        )
        self.state = {"sign": np.zeros((self.num_envs, 1), np.float32)}
        self.solved = np.zeros(self.num_envs, dtype=bool)

    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"secret": rng.random()}

    def in_split(self, task: Any) -> Any:
        return interleave(task["secret"], 0.0, 1.0) == self.split

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["sign"][rows] = 0.0
        return self.state["sign"][rows]

    def step_rows(self, actions: np.ndarray) -> Any:
        off = actions[:, 0] - self.tasks["secret"]
        self.state["sign"] = np.sign(off).astype(np.float32)[:, None]
        over = self.elapsed >= self.guesses
        return self.state["sign"].copy(), -np.abs(off), over, {"success": np.abs(off) < 0.3}


class Door(MetaEnv):
    """One of three doors is open: a scalar family without a mistake."""

    patience = 6

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"door": spaces.Discrete(3)}),
            observation_space=spaces.Box(0.0, 1.0, (2,), np.float32),
            action_space=spaces.Discrete(3),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"door": rng.integers(3)}

    def begin_episode(self) -> Any:
        self.tried = 0
        return self.look()

    def look(self) -> Any:
        return np.array([min(self.tried / 6, 1.0), 0.0], np.float32)

    def step(self, action: Any) -> Any:
        action = self.valid_action(action)
        self.tried += 1
        assert self.task is not None
        opened = bool(action == self.task["door"])
        return self.look(), float(opened), opened, self.tried >= self.patience, {"success": opened}


# ---- methods and arguments -----------------------------------------------------------------------


class OwnReset(Door):
    """Reset as an ordinary gym.Env has it, beside begin_episode."""

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        super().reset(seed=seed, options=options)
        return self.look(), {}


class OrdinaryEnv(MetaEnv):
    """An ordinary gym.Env with another base."""

    __init__ = Door.__init__
    draw_task, step, look = Door.draw_task, Door.step, Door.look

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        self.tried = 0
        return self.look(), {}


class PlainEnv(gym.Env):
    """No MetaEnv at all."""


class StepInBatch(Guess):
    """A batched family with the scalar's step."""

    def step(self, actions: Any) -> Any:
        return super().step(actions)


class NoStepRows(MetaVectorEnv):
    """A batched family with the scalar's names."""

    __init__, draw_task = Guess.__init__, Guess.draw_task
    begin_episodes = Guess.begin_episodes

    def step(self, actions: Any) -> Any:
        return Guess.step_rows(self, actions)  # type: ignore[arg-type]


class ResetInBatch(Guess):
    """A reset that does all by itself."""

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return np.zeros((self.num_envs, 1), np.float32), {}


class NoRng(Guess):
    def draw_task(self) -> Any:  # type: ignore[override]
        return {"secret": 0.5}


class NoRows(Guess):
    def begin_episodes(self) -> Any:  # type: ignore[override]
        return np.zeros((self.num_envs, 1), np.float32)


class NoCore(Guess):
    def __init__(self, size: int = 3):
        super().__init__()


class KeepsCore(Guess):
    """Takes **core and does not hand it on."""

    def __init__(self, **core: Any):
        super().__init__()


class LateSuper(Guess):
    def __init__(self, **core: Any):
        self.marks = np.zeros(self.num_envs)
        super().__init__(**core)


class NoSuper(Door):
    def __init__(self, **core: Any):
        self.observation_space = spaces.Discrete(2)
        self.action_space = spaces.Discrete(2)


class Float32Task(Guess):
    task_type = np.float32


# ---- tasks ---------------------------------------------------------------------------------------


class ExtraKey(Guess):
    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"secret": rng.random(), "colour": 1}


class MissingKey(Guess):
    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"number": rng.random()}


class BareTask(Door):
    def draw_task(self, rng: np.random.Generator) -> Any:
        return int(rng.integers(3))


class WideTasks(Guess):
    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"secret": rng.uniform(0.0, 2.0)}


class SplitByName(Guess):
    def in_split(self, task: Any) -> Any:
        return interleave(task["secret"], 0.0, 1.0)


class OneSplitString(Guess):
    splits = "train"


# ---- ends and randomness -------------------------------------------------------------------------


class Endless(Guess):
    guesses = 10**9


class EndlessAlone(Door):
    def step(self, action: Any) -> Any:
        observation, reward, _, _, info = super().step(action)
        return observation, reward, False, False, info


class OwnGenerator(Guess):
    """A generator of its own, which no seed reaches."""

    def __init__(self, **core: Any):
        super().__init__(**core)
        self.rng = np.random.default_rng(0)

    def draw_task(self, rng: np.random.Generator) -> Any:
        return {"secret": self.rng.random()}


class CommonGenerator(Guess):
    """Draws from the one generator of the batch."""

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        return (observations, rewards + self.np_random.random(self.num_envs), *rest)


class NeverForgets(Door):
    """begin_episode leaves something of the last episode."""

    total = 0.0

    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        self.total += reward
        return (observation, self.total, *rest)


# ---- what is advice, and no mistake ---------------------------------------------------------


class WideActions(Guess):
    def __init__(self, **core: Any):
        super().__init__(**core)
        self.single_action_space = spaces.Box(-2.0, 2.0, (1,), np.float32)
        self.action_space = batch_space(self.single_action_space, self.num_envs)


class Warns(Door):
    def step(self, action: Any) -> Any:
        warnings.warn("doors are old", DeprecationWarning, stacklevel=1)
        return super().step(action)
