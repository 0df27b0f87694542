"""Families that break a law each, in ways contributors do; what else a fault entails is listed."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from tests.meta_envs.drifting import Drift, Judged
from tests.meta_envs.families import Lamp, Push


class ConstantTask(Push):
    splits = ("all",)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"target": 0.25}


class CountsResets(Push):
    count = 0

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.count += 1
        return super().begin_episodes(rows)

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, terminated, infos = super().step_rows(actions)
        return observations, rewards - self.count, terminated, infos


class KnowsPins(Push):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, terminated, infos = super().step_rows(actions)
        return observations, rewards + self._clock._pinned, terminated, infos


class HiddenTask(Push):
    hidden = 0.0

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        self.hidden = rng.random()
        return super().draw_task(rng)

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, terminated, infos = super().step_rows(actions)
        return observations, rewards + self.hidden, terminated, infos


class CommonNoise(Push):
    def noise(self) -> np.ndarray:
        return self.random.generator(0).standard_normal((self.num_envs, 2))


class ResetsEveryRow(Push):
    def begin_episodes(self, rows: np.ndarray) -> Any:
        first = super().begin_episodes(rows)
        self.state["place"][:, 1] = 0.0
        return np.where([True, False], first, np.float32(0))


class ShowsTarget(Push):
    def begin_episodes(self, rows: np.ndarray) -> Any:
        observations = super().begin_episodes(rows)
        observations[:, 0] = self.tasks["target"][rows]
        return observations


class SortedSamples(Push):
    def sample_tasks(self, n: int, seed: int | None = None) -> Any:
        tasks = super().sample_tasks(n, seed)
        return {key: np.sort(values) for key, values in tasks.items()}


class SamplesFromEpisodes(Lamp):
    def sample_task(self, seed: int | None = None) -> Any:
        return super().sample_task(int(self.np_random.integers(2**31)) if seed is None else seed)


class EverythingIsTrain(Push):
    def in_split(self, task: Any) -> bool:
        return True


class NarrowSpace(Push):
    def __init__(self, split: str | None = None, **core: Any):
        super().__init__(split=split, **core)
        if split == "test":
            self.single_task_space = spaces.Dict({"target": spaces.Box(-1.0, 2.0, (), np.float64)})


class ForgetsMember(Lamp):
    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        return super().all_tasks()[1:]


class AnySplit(Push):
    def __init__(self, split: str | None = None, **core: Any):
        super().__init__(split=split if split in self.splits else None, **core)


class RefusesOwn(Push):
    def check_task(self, task: Any) -> None:
        if task["target"] < -0.9:
            raise ValueError("too small")


class _Rounding(spaces.Dict):
    def to_jsonable(self, sample_n: Any) -> Any:
        return {key: [round(float(one[key]), 3) for one in sample_n] for key in self.spaces}


class RoundedJson(Push):
    def __init__(self, **core: Any):
        super().__init__(**core)
        self.single_task_space = _Rounding(self.single_task_space.spaces)


class IgnoresBadTasks(Push):
    def set_tasks(self, tasks: Any, rows: Any = None) -> None:
        try:
            super().set_tasks(tasks, rows)
        except ValueError:
            pass


class ClipsTasks(Lamp):
    def set_task(self, task: Any) -> None:
        if isinstance(task, dict) and np.shape(task.get("switch", "")) == ():
            if isinstance(task.get("switch"), np.ndarray | np.integer) and set(task) == {"switch"}:
                value = np.asarray(task["switch"])
                task = {"switch": np.clip(value, 0, 3) if value.dtype.kind == "i" else value}
        super().set_task(task)


class NewTaskUnpins(Push):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if (options or {}).get("keep_task") is False and "reset_mask" not in options:
            self.set_tasks(None)
        return super().reset(seed=seed, options=options)


class KeepsTooMuch(Push):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if (options or {}).get("keep_task"):
            self._clock._pending[:] = False
        return super().reset(seed=seed, options=options)


class LongTrials(Push):
    def __init__(self, episodes_per_trial: int = 1, **core: Any):
        longer = episodes_per_trial + 1 if episodes_per_trial == 3 else episodes_per_trial
        super().__init__(episodes_per_trial=longer, **core)


class IgnoresMask(Push):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        options = {key: value for key, value in (options or {}).items() if key != "reset_mask"}
        return super().reset(seed=seed, options=options)


class PinsEveryRow(Push):
    def set_tasks(self, tasks: Any, rows: Any = None) -> None:
        if tasks is not None and rows is not None and len(rows) == 1 and isinstance(tasks, dict):
            tasks, rows = {key: np.repeat(part, self.num_envs) for key, part in tasks.items()}, None
        super().set_tasks(tasks, rows)


class TellsTask(Push):
    def step_rows(self, actions: np.ndarray) -> Any:
        *outcome, infos = super().step_rows(actions)
        return (*outcome, {**infos, "task": self.tasks["target"].copy()})


class OneArray(Push):
    seen: Any = None

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, *rest = super().step_rows(actions)
        self.seen = observations if self.seen is None else self.seen
        self.seen[:] = observations
        return (self.seen, *rest)


class ThinRewards(Push):
    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        return (observations, rewards.astype(np.float32), *rest)


class TakesAnyAction(Lamp):
    def valid_action(self, action: Any) -> Any:
        try:
            return int(np.asarray(action).flat[0]) % 4
        except (TypeError, ValueError):
            return 0


class OneEpisodeAtLeast(Push):
    def __init__(self, episodes_per_trial: int = 1, **core: Any):
        super().__init__(episodes_per_trial=episodes_per_trial or 1, **core)


class CountsCalls(Push):
    calls = 0

    def step_rows(self, actions: np.ndarray) -> Any:
        self.calls += 1
        *outcome, infos = super().step_rows(actions)
        return (*outcome, {**infos, "calls": np.full(self.num_envs, self.calls)})


class FloatPictures(Push):
    def render_row(self, row: int) -> np.ndarray:
        return super().render_row(row) / 255.0


class PicturesMove(Push):
    def render_row(self, row: int) -> np.ndarray:
        self.state["place"][row] += 1.0
        return super().render_row(row)


class WritesTask(Drift):
    def next_task(self, task: Any, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        task["secret"][...] = rng.random()
        return task


class MutatesAnySplit(Push):
    def mutate_task(self, task: Any, rng: np.random.Generator) -> dict[str, Any]:
        return self.draw_task(rng)


class ChangesItsBank(Judged):
    def check_bank(self, bank: Any) -> None:
        super().check_bank(bank)
        self.weight = 1.0 if self.bank is None else 2.0

    def step_rows(self, actions: np.ndarray) -> Any:
        observations, rewards, *rest = super().step_rows(actions)
        return (observations, rewards * self.weight, *rest)


_FROM_COUNTING = ("actions", "gymnasium", "rendering", "vector trials")

# family: the law it breaks, what the fault entails besides, and words of the complaint
BROKEN: dict[type, tuple[str, tuple[str, ...], str]] = {
    ConstantTask: ("determinism", ("pinning", "vector trials"), "all draw this task"),
    CountsResets: ("determinism", (*_FROM_COUNTING, "replay", "rows", "sampling"), "reward"),
    KnowsPins: ("replay", (), "reward"),
    HiddenTask: ("replay", ("rows", "sampling", "vector trials"), "reward"),
    CommonNoise: ("rows", (), "in row 0 of 3"),
    ResetsEveryRow: ("rows", ("vector trials",), "in row 0 of 3"),
    ShowsTarget: ("leak", (), "first observation"),
    SortedSamples: ("sampling", (), "sample_tasks(5, seed)"),
    SamplesFromEpisodes: ("sampling", (), "sample_task in between"),
    EverythingIsTrain: ("splits", (), "belongs to 'train' and to 'test'"),
    NarrowSpace: ("splits", (), "has task space"),
    ForgetsMember: ("splits", (), "not in tasks_in_split"),
    AnySplit: ("splits", (), "split='trian' was accepted"),
    RefusesOwn: ("splits", ("leak", "json", "mutation"), "set_task refuses it"),
    RoundedJson: ("json", ("mutation",), "after JSON"),
    IgnoresBadTasks: ("bad tasks", (), "was accepted"),
    ClipsTasks: ("bad tasks", (), "was accepted"),
    WritesTask: ("changes", (), "wrote into the task"),
    MutatesAnySplit: ("mutation", (), "not in split 'train'"),
    ChangesItsBank: ("bank", (), "with the bank made with"),
    NewTaskUnpins: ("pinning", (), "'keep_task': False"),
    KeepsTooMuch: ("trials", (), "set_task"),
    LongTrials: ("trials", (), "the reset after 3 episodes"),
    IgnoresMask: ("vector trials", ("rows",), "reset_mask"),
    PinsEveryRow: ("vector trials", (), "changed rows 0 or 2"),
    TellsTask: ("reports", ("infos",), "holds 'task'"),
    OneArray: ("ends", ("returns",), "wrote into an array"),
    ThinRewards: ("ends", ("returns",), "float32"),
    TakesAnyAction: ("actions", (), "was accepted"),
    OneEpisodeAtLeast: ("bad arguments", (), "episodes_per_trial=0 was accepted"),
    CountsCalls: ("gymnasium", (), "info"),
    FloatPictures: ("rendering", (), "float64"),
    PicturesMove: ("rendering", (), "without and with pictures"),
}
