"""The second half of the batched environments against metaworld's own, moment by moment."""

import os
from collections.abc import Callable

import numpy as np
import pytest

from meta_envs.manipulation.environments import NATIVE
from meta_envs.manipulation.environments.base import ALWAYS_BEGUN, HAND_READS, Environment

os.environ.setdefault("MUJOCO_GL", "disable")  # no picture is drawn
metaworld = pytest.importorskip("metaworld")
policies = pytest.importorskip("metaworld.policies")

N_STEPS = 350
N_GOALS = 2
SOLVED = ("near_object", "success")  # what a scripted policy must reach, or a branch goes untested
NAMES = (
    "peg-insert-side-v3",
    "window-open-v3",
    "sweep-v3",
    "sweep-into-v3",
    "basketball-v3",
    "shelf-place-v3",
    "lever-pull-v3",
)


class Recording:
    """What an environment of metaworld's went through: each list has an entry a moment."""

    def __init__(self, environment: Environment):
        self.environment = environment
        self.moments: list[dict[str, np.ndarray]] = []  # of what is read
        self.begun: list[dict[str, np.ndarray]] = []
        self.actions: list[np.ndarray] = []
        self.observations: list[np.ndarray] = []
        self.rewards: list[float] = []
        self.infos: list[dict[str, float]] = []

    def read(self, data) -> dict[str, np.ndarray]:
        """Copy what the environment reads, and the middle of the fingers."""
        read = {}
        for key, (source, name) in {**HAND_READS, **self.environment.reads}.items():
            kind, field = source.split(".")
            read[key] = np.array(getattr(getattr(data, kind)(name), field), dtype=np.float64)
        read["tcp"] = (read["right_finger"] + read["left_finger"]) / 2.0
        return read

    def episode(self, upstream, task, act: Callable[[np.ndarray], np.ndarray]) -> None:
        """Record an episode of `N_STEPS` with the actions that `act` gives for observations."""
        upstream.set_task(task)
        observation, _ = upstream.reset()
        names = {*ALWAYS_BEGUN, *self.environment.begun}
        begun = {
            name.lstrip("_"): np.array(getattr(upstream, name), dtype=np.float64) for name in names
        }
        for _ in range(N_STEPS):
            action = act(observation)
            observation, reward, _, _, info = upstream.step(action)
            self.moments.append(self.read(upstream.data))
            self.begun.append(begun)
            self.actions.append(action)
            self.observations.append(observation)
            self.rewards.append(float(reward))
            self.infos.append(info)

    def stacked(self, rows: slice = slice(None)):
        """The arguments of `evaluate`: all moments at once, a row each."""
        read = {key: np.stack([m[key] for m in self.moments[rows]]) for key in self.moments[0]}
        begun = {key: np.stack([b[key] for b in self.begun[rows]]) for key in self.begun[0]}
        return read, np.stack(self.observations[rows]), np.stack(self.actions[rows]), begun


def record(name: str, kind: str) -> Recording:
    """Episodes of `N_GOALS` goals with actions of a kind."""
    # MT1: its tasks do not hide the goal, which the scripted policies look at.
    benchmark = metaworld.MT1(name, seed=11)
    upstream = benchmark.train_classes[name]()
    policy = policies.ENV_POLICY_MAP[name]()
    rng = np.random.default_rng(5)

    def act(observation: np.ndarray) -> np.ndarray:
        if kind == "random":
            return rng.uniform(-1, 1, 4).astype(np.float32)
        action = np.asarray(policy.get_action(observation))
        if kind == "noisy":
            action = action + rng.normal(0.0, 0.4, 4)  # double precision, outside of [-1, 1], too
        return action.astype(np.float64 if kind == "noisy" else np.float32)

    recording = Recording(NATIVE[name])
    for task in benchmark.train_tasks[:N_GOALS]:
        recording.episode(upstream, task, act)
    return recording


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["random", "scripted", "noisy"])
@pytest.mark.parametrize("name", NAMES)
def test_equal_to_metaworld(name: str, kind: str) -> None:
    recording = record(name, kind)
    read, observations, actions, begun = recording.stacked()
    environment = NATIVE[name]

    positions, quaternions = environment.observe(read, begun)
    k = positions.shape[1] // 3
    assert quaternions.shape == (len(positions), 4 * k)
    objects = np.concatenate(
        [positions.reshape(-1, k, 3), quaternions.reshape(-1, k, 4)], axis=2
    ).reshape(-1, 7 * k)
    np.testing.assert_allclose(objects, observations[:, 4 : 4 + 7 * k], rtol=0, atol=1e-12)
    assert np.all(observations[:, 4 + 7 * k : 18] == 0)  # there are no more objects

    rewards, infos = environment.evaluate(read, observations, actions, begun)
    assert rewards.dtype == np.float64 and rewards.shape == (len(actions),)
    np.testing.assert_allclose(rewards, recording.rewards, rtol=0, atol=1e-12)
    assert {"success", "near_object", "grasp_reward", "in_place_reward"} <= set(infos)
    assert {"obj_to_target", "unscaled_reward"} <= set(infos) <= set(recording.infos[0])
    for key, values in infos.items():
        expected = np.array([float(info[key]) for info in recording.infos])
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12, err_msg=key)
    if kind == "scripted":
        for key in SOLVED:
            halves = np.split(infos[key], N_GOALS)
            assert all(half.max() == 1 for half in halves), f"{key} is not reached"
        assert infos["success"].min() == 0

    one = environment.evaluate(*recording.stacked(slice(200, 201)))
    assert one[0].tobytes() == rewards[200:201].tobytes()  # the row law, bit for bit
    for key, value in one[1].items():
        assert value.tobytes() == infos[key][200:201].tobytes()
    few = environment.observe(*recording.stacked(slice(200, 203))[::3])
    assert few[0].tobytes() == positions[200:203].tobytes()
    assert few[1].tobytes() == quaternions[200:203].tobytes()
