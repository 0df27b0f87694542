"""The second half of the batched environments against metaworld's own, moment by moment."""

import functools
import os
from collections.abc import Callable

import numpy as np
import pytest

from meta_envs.manipulation.environments import NATIVE
from meta_envs.manipulation.environments.base import ALWAYS_BEGUN, HAND_READS, Environment

os.environ.setdefault("MUJOCO_GL", "disable")  # no picture is drawn
metaworld = pytest.importorskip("metaworld")
policies = pytest.importorskip("metaworld.policies")

N_STEPS = 250
N_GOALS = 2
NAMES = (
    "peg-insert-side-v3",
    "window-open-v3",
    "sweep-v3",
    "sweep-into-v3",
    "basketball-v3",
    "shelf-place-v3",
    "lever-pull-v3",
    "window-close-v3",
    "button-press-v3",
    "button-press-wall-v3",
    "button-press-topdown-wall-v3",
    "coffee-button-v3",
    "handle-press-v3",
    "handle-press-side-v3",
    "handle-pull-v3",
    "handle-pull-side-v3",
    "plate-slide-v3",
    "plate-slide-side-v3",
    "plate-slide-back-v3",
    "plate-slide-back-side-v3",
    "faucet-open-v3",
    "faucet-close-v3",
)
# Where the object is put somewhere else in each moment, all of a reward's branches are reached.
CASES = [(name, kind) for name in NAMES for kind in ("random", "scripted", "noisy", "scattered")]
CASES.append(("shelf-place-v3", "hovering"))  # a hand with the object in front of the shelf


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

    def episode(self, upstream, task, act: Callable[[np.ndarray], np.ndarray], rng=None) -> None:
        """Record an episode of `N_STEPS` with the actions that `act` gives for observations.

        With `rng`, each moment is looked at with the object somewhere else.
        """
        upstream.set_task(task)
        observation, _ = upstream.reset()
        names = {*ALWAYS_BEGUN, *self.environment.begun}
        begun = {
            name.lstrip("_"): np.array(getattr(upstream, name), dtype=np.float64) for name in names
        }
        for _ in range(N_STEPS):
            action = act(observation)
            observation, reward, _, _, info = upstream.step(action)
            before = upstream.data.qpos.copy()
            seen = observation
            if rng is not None:
                seen = scatter(upstream, rng)
                reward, info = upstream.evaluate_state(seen, action)
            self.moments.append(self.read(upstream.data))
            self.begun.append(begun)
            self.actions.append(action)
            self.observations.append(seen)
            self.rewards.append(float(reward))
            self.infos.append(info)
            upstream.data.qpos[:] = before

    def stacked(self, rows: slice = slice(None)):
        """The arguments of `evaluate`: all moments at once, a row each."""
        read = {key: np.stack([m[key] for m in self.moments[rows]]) for key in self.moments[0]}
        begun = {key: np.stack([b[key] for b in self.begun[rows]]) for key in self.begun[0]}
        return read, np.stack(self.observations[rows]), np.stack(self.actions[rows]), begun


def scatter(upstream, rng: np.random.Generator) -> np.ndarray:
    """Put the object by the fingers or by the target, and return the observation of that."""
    import mujoco

    places = upstream.tcp_center, upstream._target_pos
    spread, place = [(0.004, 0), (0.03, 0), (0.1, 0), (0.2, 1)][rng.integers(4)]
    pose = np.concatenate([places[place] + rng.uniform(-spread, spread, 3), rng.normal(size=4)])
    if upstream.data.qpos.size < 16:  # a joint in place of a free object
        pose = rng.uniform(-np.pi, np.pi, 7) if rng.random() < 0.3 else rng.uniform(-0.3, 0.3, 7)
    upstream.data.qpos[9:16] = pose[: upstream.data.qpos[9:16].size]
    mujoco.mj_forward(upstream.model, upstream.data)
    space = upstream.sawyer_observation_space
    return np.clip(upstream._get_obs(), space.low, space.high)


@functools.lru_cache(maxsize=1)  # building them takes longer than an episode
def build(name: str):
    """An environment of metaworld's, some tasks and the scripted policy."""
    # MT1: its tasks do not hide the goal, which the scripted policies look at.
    benchmark = metaworld.MT1(name, seed=11)
    return (
        benchmark.train_classes[name](),
        benchmark.train_tasks[:N_GOALS],
        policies.ENV_POLICY_MAP[name](),
    )


def record(name: str, kind: str) -> Recording:
    """Episodes of `N_GOALS` goals with actions of a kind."""
    upstream, tasks, policy = build(name)
    rng = np.random.default_rng(5)

    def act(observation: np.ndarray) -> np.ndarray:
        if kind == "random":
            return rng.uniform(-1, 1, 4).astype(np.float32)
        if kind == "hovering":  # with fingers that open and close
            way = upstream._target_pos + [0.0, -0.08, -0.15] - upstream.tcp_center
            grip = -1.0 if rng.random() < 0.6 else rng.uniform(0, 1)
            return np.append(np.clip(10 * way, -1, 1), grip).astype(np.float32)
        action = np.asarray(policy.get_action(observation), dtype=np.float32)
        if kind == "scripted":  # outside of [-1, 1], too
            return action
        action = np.clip(action + rng.normal(0.0, 0.4, 4), -1, 1)
        return action.astype(np.float64 if kind == "noisy" else np.float32)

    recording = Recording(NATIVE[name])
    for task in tasks:
        recording.episode(upstream, task, act, rng if kind in ("scattered", "hovering") else None)
    return recording


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "kind"), CASES)
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
        # A scripted policy solves at least one of the goals, or a branch goes untested.
        assert infos["success"].max() == 1 and infos["success"].min() == 0

    one = environment.evaluate(*recording.stacked(slice(120, 121)))
    assert one[0].tobytes() == rewards[120:121].tobytes()  # the row law, bit for bit
    for key, value in one[1].items():
        assert value.tobytes() == infos[key][120:121].tobytes()
    few = environment.observe(*recording.stacked(slice(120, 123))[::3])
    assert few[0].tobytes() == positions[120:123].tobytes()
    assert few[1].tobytes() == quaternions[120:123].tobytes()
