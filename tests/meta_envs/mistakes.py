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


# ---- what steps return ---------------------------------------------------------------------------


class Pair(Door):
    def begin_episode(self) -> Any:
        return super().begin_episode(), {}


class PairOfRows(Guess):
    def begin_episodes(self, rows: np.ndarray) -> Any:
        return super().begin_episodes(rows), {}


class NoReturn(Door):
    def begin_episode(self) -> Any:
        self.tried = 0


class AllRows(Guess):
    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["sign"][rows] = 0.0
        return self.state["sign"].copy()


class FourTuple(Door):
    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class FiveTuple(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        *outcome, infos = super().step_rows(actions)
        return (*outcome, self.elapsed >= 3, infos)


class Float64Rows(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, *rest = super().step_rows(actions)
        return (observations.astype(np.float64), *rest)


class Float64(Door):
    def look(self) -> Any:
        return np.array([self.tried / 6, 0.0])


class ListObservation(Door):
    def look(self) -> Any:
        return [self.tried / 6, 0.0]


class OutOfBounds(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, *rest = super().step_rows(actions)
        return (observations * self.elapsed[:, None].astype(np.float32), *rest)


class OutOfBoundsAlone(Door):
    def look(self) -> Any:
        return np.array([self.tried, 0.0], np.float32)


class ColumnRewards(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        return (observations, rewards[:, None], *rest)


class Float32Rewards(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        return (observations, rewards.astype(np.float32), *rest)


class ArrayReward(Door):
    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, np.array([reward]), *rest)


class NumberEnds(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, terminated, infos = super().step_rows(actions)
        return observations, rewards, terminated.astype(int), infos


class OneEnd(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, _, infos = super().step_rows(actions)
        return observations, rewards, False, infos


class NanRewards(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        rewards[1:2] = np.where(self.elapsed[1] == 3, np.nan, rewards[1:2])
        return (observations, rewards, *rest)


class InfiniteReward(Door):
    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, reward or -np.inf, *rest)


class NanObservation(Door):
    def look(self) -> Any:
        return np.array([np.nan if self.tried == 2 else 0.0, 0.0], np.float32)


class OneRewardArray(Guess):
    def __init__(self, **core: Any):
        super().__init__(**core)
        self.paid = np.zeros(self.num_envs)

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        self.paid[:] = rewards
        return (observations, self.paid, *rest)


class ShowsState(Guess):
    """Returns a view of its state, which it goes on writing."""

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["sign"][rows] = 0.0
        return self.state["sign"][rows]

    def step_rows(self, actions: np.ndarray) -> Any:
        sign = self.state["sign"]
        observations, *rest = super().step_rows(actions)
        sign[:] = observations
        self.state["sign"] = sign
        return (sign[:, :], *rest)


class OneObservation(Door):
    def begin_episode(self) -> Any:
        self.seen = np.zeros(2, np.float32)
        return super().begin_episode()

    def look(self) -> Any:
        self.seen[0] = self.tried / 6
        return self.seen


class Raises(Door):
    def step(self, action: Any) -> Any:
        super().step(action)
        return self.task["lock"]  # type: ignore[index]


class RaisesInReset(Door):
    def begin_episode(self) -> Any:
        return self.no_such_thing  # type: ignore[attr-defined]


# ---- infos ---------------------------------------------------------------------------------------


class _Infos(Guess):
    def step_rows(self, actions: np.ndarray) -> Any:
        *outcome, infos = super().step_rows(actions)
        return (*outcome, self.infos(infos))

    def infos(self, infos: Any) -> Any:
        raise NotImplementedError


class _Info(Door):
    def step(self, action: Any) -> Any:
        *outcome, info = super().step(action)
        ended = outcome[2] or outcome[3]
        return (*outcome, self.info(info, ended))

    def info(self, info: Any, ended: bool) -> Any:
        raise NotImplementedError


class OneInfoArray(_Infos):
    def infos(self, infos: Any) -> Any:
        self.solved[:] = infos["success"]
        return {"success": self.solved}


class ShowsTasks(_Infos):
    def infos(self, infos: Any) -> Any:
        return {**infos, "goal": self.tasks["secret"]}


class SuccessAtEnds(_Infos):
    def infos(self, infos: Any) -> Any:
        return infos if (self.elapsed >= self.guesses).any() else {}


class SuccessAtEnd(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return info if ended else {}


class SuccessSometimes(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return info if self.tried != 2 else {}


class NumberInfo(_Infos):
    def infos(self, infos: Any) -> Any:
        return {**infos, "guesses": self.guesses}


class ListInfo(_Infos):
    def infos(self, infos: Any) -> Any:
        return {"success": infos["success"].tolist()}


class ListOfInfos(_Infos):
    def infos(self, infos: Any) -> Any:
        return [{"success": one} for one in infos["success"]]


class NanInfo(_Infos):
    def infos(self, infos: Any) -> Any:
        return {**infos, "distance": np.where(self.elapsed == 4, np.nan, 1.0)}


class ShareOfSuccess(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return {"success": 0.5}


class MixedInfo(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return {**info, "progress": 0 if self.tried < 2 else 0.5}


class NoInfo(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return None


class OwnFinal(_Info):
    def info(self, info: Any, ended: bool) -> Any:
        return {**info, "final_obs": self.look()}


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


ADVICE: dict[type, str] = {
    WideActions: "Gymnasium: For Box action spaces, we recommend",
    Warns: "DeprecationWarning (mistakes.py, line",
}

# family: the law it breaks, and words of the complaint: what is seen, and the cure
MISTAKES: dict[type, tuple[str, str, str]] = {
    OwnReset: ("methods", "OwnReset overrides reset", "def begin_episode(self)` instead"),
    OrdinaryEnv: ("methods", "no method begin_episode, but it has reset", "begin_episode(self)"),
    PlainEnv: ("methods", "PlainEnv", "subclass of meta_envs.MetaEnv (write draw_task"),
    StepInBatch: ("methods", "overrides step", "`def step_rows(self, actions)` instead"),
    NoStepRows: ("methods", "no method step_rows, but it has step", "step_rows(self, actions)"),
    ResetInBatch: ("methods", "reset, which does not call begin_episodes", "Remove reset"),
    NoRng: ("methods", "cannot be called as draw_task(rng)", "def draw_task(self, rng)"),
    NoRows: ("methods", "called as begin_episodes(rows)", "def begin_episodes(self, rows)"),
    NoCore: ("methods", "__init__ takes ['size'], but not ['split'", "**core` to super()"),
    KeepsCore: ("methods", "it has {'", "`super().__init__(..., **core)`"),
    LateSuper: ("methods", "reads self.num_envs before", "Call super().__init__("),
    NoSuper: ("methods", "does not call super().__init__", "Call super().__init__("),
    Float32Task: ("methods", "task_space['secret']", "task Boxes are float64"),
    ExtraKey: ("draws", "draw_task returned a task with the key ['colour']", "task_space"),
    MissingKey: ("draws", "['number']", "Add the key to task_space"),
    BareTask: ("draws", "draw_task returned the int", "Return a dict with the keys of task_space"),
    WideTasks: ("draws", "task['secret']=1.", "within the bounds of task_space, or widen"),
    SplitByName: ("draws", "in_split returned the str 't", "interleave(...) == self.split"),
    OneSplitString: ("methods", "splits is 'train'", "Make it a tuple"),
    Pair: ("returns", "begin_episode returned a tuple of 2", "Return the observation alone"),
    PairOfRows: ("returns", "begin_episodes returned a tuple of 2", "Return observations alone"),
    NoReturn: ("returns", "begin_episode returned None", "Return a NumPy array of shape (2,)"),
    AllRows: ("returns", "observations of shape (3, 1), not (1, 1)", "one for each of `rows`"),
    FourTuple: ("returns", "step returned a tuple of 4", "(observation, reward, terminated, trunc"),
    FiveTuple: ("returns", "step_rows returned a tuple of 5", "adds truncated"),
    Float64Rows: (
        "returns",
        "step_rows returned observations of float64",
        "Add .astype(np.float32)",
    ),
    Float64: ("returns", "begin_episode returned the observation of float64", "dtype=np.float64"),
    ListObservation: ("returns", "returned a list of 2", "Return a NumPy array of shape (2,)"),
    OutOfBounds: ("returns", "outside [-1.0, 1.0] (step 2", "Clip them, or widen the bounds"),
    OutOfBoundsAlone: ("returns", "2.0 at index [0], outside [0.0, 1.0]", "Clip"),
    ColumnRewards: ("returns", "rewards of shape (3, 1), not (3,)", "one reward a row"),
    Float32Rewards: ("returns", "rewards of float32", "Add .astype(np.float64)"),
    ArrayReward: ("returns", "an array of float64, shape (1,) as the reward", "float(reward)"),
    NumberEnds: ("returns", "an array of int64, shape (3,) as terminated", "Return a bool array"),
    OneEnd: ("returns", "the bool False as terminated", "np.zeros(self.num_envs, dtype=bool)"),
    NanRewards: ("returns", "rewards with nan at row 1 (step 3 of", "Return finite numbers"),
    InfiniteReward: ("returns", "a reward with -inf (step 1 of", "Return finite"),
    NanObservation: (
        "returns",
        "observation with nan at index [0] (step 2",
        "Return finite numbers",
    ),
    OneRewardArray: ("returns", "rewards written into after", "Return a new array at every call"),
    ShowsState: ("returns", "step_rows returned observations in the same memory", "`.copy()`"),
    OneObservation: ("returns", "returned the observation", "Return a new array at every call"),
    Raises: ("returns", "KeyError was raised: 'lock' in step (mistakes.py, line", "Mend what"),
    RaisesInReset: ("returns", "in begin_episode (mistakes.py, line", "`return self.no_such_thing"),
    OneInfoArray: ("infos", "infos['success'] in the same memory", "Return a new array"),
    ShowsTasks: ("infos", "infos['goal'] in the same memory", "a copy (`.copy()`)"),
    SuccessAtEnds: ("infos", "infos['success'] at this step only", "at every step"),
    SuccessAtEnd: ("infos", "info['success'] at ", "Return info['success'] at every step"),
    SuccessSometimes: ("infos", "info['success'] at the first step but not", "at every step"),
    NumberInfo: ("infos", "the int 5 as infos['guesses']", "np.full(self.num_envs, value)"),
    ListInfo: ("infos", "a list of 3 as infos['success']", "Return an array with one entry a row"),
    ListOfInfos: ("returns", "a list of 3 as infos", "Return one dict as infos"),
    NanInfo: ("infos", "infos['distance'] with nan at row", "use 0 where there is no value"),
    ShareOfSuccess: ("infos", "0.5 as info['success']", "Return True or False"),
    MixedInfo: ("infos", "as float of shape (), but int", "the same type and shape"),
    NoInfo: ("returns", "step returned None", "Return one dict as info"),
    OwnFinal: ("infos", "'final_obs', which the core writes", "Rename 'final_obs'"),
    Endless: ("endings", "within 500 steps of random actions", "max_episode_steps, or let step_r"),
    EndlessAlone: ("endings", "within 500 steps", "let step return terminated in time"),
    CommonGenerator: ("rows", "reward is", "`self.random` instead of a common generator"),
    NeverForgets: ("determinism", "reset twice", "let begin_episode forget the last episode"),
    OwnGenerator: ("determinism", "task is", "`rng` in draw_task"),
}
