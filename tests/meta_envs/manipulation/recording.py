"""What metaworld's own environments go through, recorded and given to the batched ones at once.

Needs metaworld: import it after `pytest.importorskip("metaworld")`.
"""

import functools
import os
from collections.abc import Callable

import numpy as np

os.environ.setdefault("MUJOCO_GL", "disable")  # no picture is drawn

import metaworld
import mujoco
from metaworld.policies import ENV_POLICY_MAP

from meta_envs.manipulation import upstream
from meta_envs.manipulation.environments import NATIVE
from meta_envs.manipulation.environments.base import ALWAYS_BEGUN, HAND_READS
from meta_envs.manipulation.shared import completed
from meta_envs.manipulation.touch import touch_of

KINDS = ("random", "scripted", "noisy", "scattered")
HOVERING = "hovering"
N_GOALS = 2
# Before NumPy 2 upstream's float32 parts of rewards are float64, so there ours differ by roundings.
TOLERANCE = 1e-12 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 3e-6


class Recording:
    """Moments of an environment of metaworld's, `N_GOALS` episodes one after the other.

    Args:
        name: Of the environment.
        kind: `"random"` actions, those of metaworld's `"scripted"` policy, the same with noise and
            in float64 (`"noisy"`), or in float32, where each moment is looked at with the object
            `"scattered"`, put somewhere by the fingers or the target; or `"hovering"`, the latter
            with a hand that stays below and in front of the target and opens and closes.
        n_steps: Of an episode.
    """

    def __init__(self, name: str, kind: str, n_steps: int):
        self.environment, self._kind = NATIVE[name], kind
        self._rng = np.random.default_rng([5, (*KINDS, HOVERING).index(kind)])
        self._policy = ENV_POLICY_MAP[name]()
        self._upstream, tasks = _built(name)
        self._moments: list[dict[str, np.ndarray]] = []
        self._begun: list[dict[str, np.ndarray]] = []
        self._actions: list[np.ndarray] = []
        self._observations: list[np.ndarray] = []
        self.rewards: list[float] = []
        self.infos: list[dict[str, float]] = []
        for task in tasks:
            self._episode(task, n_steps)

    def arguments(self, rows: slice = slice(None)):
        """What `evaluate` takes: read, observations, actions, begun; a row a moment."""
        read, begun = (
            {key: np.stack([one[key] for one in each[rows]]) for key in each[0]}
            for each in (self._moments, self._begun)
        )
        observations = np.stack(self._observations[rows])
        read, begun = completed(self.environment, read, observations, begun)
        return read, observations, np.stack(self._actions[rows]), begun

    def _episode(self, task, n_steps: int) -> None:
        upstream = self._upstream
        upstream.set_task(task)
        observation, _ = upstream.reset()
        for _ in range(n_steps):
            action = self._act(observation)
            observation, reward, _, _, info = upstream.step(action)
            seen, before = observation, upstream.data.qpos.copy()
            if self._kind in ("scattered", HOVERING):
                seen = self._scatter()
                reward, info = upstream.evaluate_state(seen, action)
            self._moments.append(self._read())
            self._begun.append(self._reset_values())
            self._actions.append(action)
            self._observations.append(seen.copy())
            self.rewards.append(float(reward))
            self.infos.append(info)
            upstream.data.qpos[:] = before

    def _act(self, observation: np.ndarray) -> np.ndarray:
        if self._kind == "random":
            return self._rng.uniform(-1, 1, 4).astype(np.float32)
        if self._kind == HOVERING:
            way = self._upstream._target_pos + [0.0, -0.08, -0.15] - self._upstream.tcp_center
            grip = -1.0 if self._rng.random() < 0.6 else self._rng.uniform(0, 1)
            return np.append(np.clip(10 * way, -1, 1), grip).astype(np.float32)
        # A copy, as some scripted policies write into what they are given.
        action = np.asarray(self._policy.get_action(observation.copy()), dtype=np.float32)
        if self._kind == "scripted":
            return action
        noisy = action + self._rng.normal(0.0, 0.4, 4)  # outside of [-1, 1], too
        return noisy if self._kind == "noisy" else np.clip(noisy, -1, 1).astype(np.float32)

    def _scatter(self) -> np.ndarray:
        data, rng = self._upstream.data, self._rng
        spread, place = [
            (0.004, self._upstream.tcp_center),
            (0.03, self._upstream.tcp_center),
            (0.1, self._upstream.tcp_center),
            (0.2, self._upstream._target_pos),
        ][rng.integers(4)]
        pose = np.concatenate([place + rng.uniform(-spread, spread, 3), rng.normal(size=4)])
        if data.qpos.size < 16:  # a joint in place of a free object
            pose = rng.uniform(-1, 1, 7) * [np.pi, 0.3][rng.integers(2)]
        data.qpos[9:16] = pose[: data.qpos[9:16].size]
        mujoco.mj_forward(self._upstream.model, data)
        space = self._upstream.sawyer_observation_space
        return np.clip(self._upstream._get_obs(), space.low, space.high)

    def _reset_values(self) -> dict[str, np.ndarray]:
        # After every step: some are views of MuJoCo's arrays, and some are set by the first step.
        return {
            attribute.lstrip("_"): np.array(getattr(self._upstream, attribute), dtype=np.float64)
            for attribute in {*ALWAYS_BEGUN, *self.environment.begun}
        }

    def _read(self) -> dict[str, np.ndarray]:
        read = {}
        for key, (source, name) in {**HAND_READS, **self.environment.reads}.items():
            part, field = source.split(".")
            one = getattr(self._upstream.data, part)(name)
            read[key] = np.array(getattr(one, field), dtype=np.float64)
        read["tcp"] = (read["right_finger"] + read["left_finger"]) / 2.0
        touch = touch_of(self.environment, [self._upstream.data], read)
        if touch is not None:
            touch.measure()
            assert touch.touching[0] == self._upstream.touching_main_object
            read["touching"] = touch.touching[0].copy()
        return read


@functools.lru_cache(maxsize=1)  # building one takes as long as an episode
def _built(name: str):
    # MT1 and not ML1: the scripted policies look at the goal, which ML1 hides.
    upstream.environment(name)  # repairs what an older Gymnasium stumbles over
    benchmark = metaworld.MT1(name, seed=11)
    return benchmark.train_classes[name](), benchmark.train_tasks[:N_GOALS]


Evaluated = tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]


def compared(recording: Recording) -> Evaluated:
    """Compare all that a batched environment computes with what was recorded.

    Returns:
        Rewards, infos and observations of all moments.
    """
    environment = recording.environment
    read, observations, actions, begun = recording.arguments()
    places, turns = environment.observe(read, begun)
    k = places.shape[1] // 3
    objects = np.concatenate([places.reshape(-1, k, 3), turns.reshape(-1, k, 4)], axis=2)
    padded = np.pad(objects.reshape(-1, 7 * k), ((0, 0), (0, 14 - 7 * k)))
    np.testing.assert_allclose(padded, observations[:, 4:18], rtol=0, atol=TOLERANCE)

    rewards, infos = environment.evaluate(read, observations, actions, begun)
    np.testing.assert_allclose(rewards, recording.rewards, rtol=0, atol=TOLERANCE)
    assert rewards.dtype == np.float64
    assert set(recording.infos[0]) - set(infos) <= {"grasp_success"}  # may need contact forces
    for key, values in infos.items():
        expected = [float(info[key]) for info in recording.infos]
        np.testing.assert_allclose(values, expected, rtol=0, atol=TOLERANCE, err_msg=key)
        assert values.dtype == np.float64
    return rewards, infos, observations


def check_rows(recording: Recording, evaluated: Evaluated, size: int = 3) -> None:
    """Check that no row depends on the others: a few at a time, bit for bit as all at once."""
    environment, (rewards, infos, _) = recording.environment, evaluated
    read, _, _, begun = recording.arguments()
    whole = environment.observe(read, begun)
    for first in range(0, len(rewards), max(1, len(rewards) // 20)):
        rows = slice(first, first + size)
        read, observations, actions, begun = recording.arguments(rows)
        few, few_infos = environment.evaluate(read, observations, actions, begun)
        assert few.tobytes() == rewards[rows].tobytes()
        for key, values in few_infos.items():
            assert values.tobytes() == infos[key][rows].tobytes(), key
        for one, all_rows in zip(environment.observe(read, begun), whole, strict=True):
            assert one.tobytes() == all_rows[rows].tobytes()


def reached(conditions: dict[str, Callable[[Evaluated], np.ndarray]], found: Evaluated) -> None:
    """Check that each branch of a reward is taken in some moments and not in others."""
    for what, condition in conditions.items():
        taken = condition(found)
        assert taken.any(), f"{what} is not reached"
        assert not taken.all(), f"{what} is always so"
