"""Families whose steps or infos are wrong; see `mistakes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.meta_envs.mistakes import Door, Guess


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
