"""MLSH as an agent: learning a new master in a trial, one sub-policy alone, refusals."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import meta_envs
from agents import MLSH, Step, evaluate
from agents.core.play.player import Player

from .test_hierarchy import BANDITS, ROOMS, make


class Sides(meta_envs.MetaVectorEnv):
    """Each step pays if the action is that of the task; an episode has 4 steps."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=gym.spaces.Dict({"side": gym.spaces.Discrete(2)}),
            observation_space=gym.spaces.Box(0.0, 1.0, (1,), np.float32),
            action_space=gym.spaces.Discrete(2),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"side": rng.integers(2)}

    def all_tasks(self) -> Any:
        return {"side": 0}, {"side": 1}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.ones((len(rows), 1), np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        paid = (actions == self.tasks["side"]).astype(np.float64)
        return np.ones((self.num_envs, 1), np.float32), paid, self.elapsed >= 4, {}


meta_envs.register(
    "mlsh/Sides-v0", f"{__name__}:Sides", episodes_per_trial=3, summary="A toy", source="tests"
)


def test_a_new_master_learns_in_the_trial_which_of_the_sub_policies_pays() -> None:
    agent = make("mlsh/Sides-v0", n_envs=8, rows_per_task=4, n_steps=4, macro_length=2)
    side = torch.zeros(2, agent.network.layout.size)
    begin = agent.network.layout.begins["heads.bias"]  # logits first, then the value
    side[0, begin], side[1, begin + 1] = 9.0, 9.0  # sub-policy k always takes action k
    agent._sub_policies.tensors["policy"] = side
    played: dict[str, Any] = {"num_tasks": 2, "rows_per_task": 16, "seed": 0}
    forced = [evaluate(agent.sub_policy(k), "mlsh/Sides-v0", **played).returns for k in (0, 1)]
    np.testing.assert_array_equal(np.stack(forced)[:, :, 0], [[4, 0], [0, 4]])
    agent.adapt_steps, agent.n_epochs = 64, 10
    agent.master_learning_rate = 0.05
    curve = evaluate(agent, "mlsh/Sides-v0", episodes=8, **played)
    assert (abs(curve.returns[:, 0] - 2.0) < 1.2).all() and (curve.returns[:, -1] > 3.6).all()
    again = evaluate(agent, "mlsh/Sides-v0", episodes=8, **played, num_envs=16)
    np.testing.assert_array_equal(curve.returns, again.returns)  # tasks by themselves


def test_it_learns_sub_policies_that_differ() -> None:
    """From nothing: the two tasks need opposite actions, and one sub-policy could earn 2 of 4."""
    agent = MLSH(
        "MlpPolicy", "mlsh/Sides-v0", seed=0, n_envs=80, rows_per_task=10, n_steps=4,
        macro_length=4, warmup_updates=3, n_epochs=4, n_minibatches=4, balance="side",
        learning_rate=5e-3, policy_kwargs={"net_arch": (16,)},
    )  # fmt: skip
    agent.learn(24 * 320, log_interval=None)
    forced = [
        evaluate(agent.sub_policy(k), "mlsh/Sides-v0", num_tasks=2, rows_per_task=20).returns
        for k in (0, 1)
    ]
    means = np.stack(forced).mean(axis=2)
    assert means.max(axis=0).min() > 3.0  # each task has its sub-policy
    assert means.argmax(axis=0).tolist() in ([0, 1], [1, 0])


def test_masters_learn_when_rows_have_enough_slices_and_frozen_ones_do_not() -> None:
    agent = make(adapt_steps=30)  # of 2 rows and slices of 3 steps: 5 slices of a row
    env = gym.make_vec(BANDITS, num_envs=4, steps=8)  # 3, 3 and 2 steps
    loop = agent.inner_loop(env, 2, 0)
    player = Player(env, loop)
    player.reset(0)
    first = loop.masters.learners["policy"].clone()
    for _ in range(13):
        player.step()
    assert torch.equal(loop.masters.learners["policy"], first)
    player.step()  # the fifth slice is over
    learnt = loop.masters.learners["policy"].clone()
    assert (learnt != first).any(dim=1).all() and (loop.left == 0).all()
    loop.freeze()
    for _ in range(20):
        player.step()
    assert torch.equal(loop.masters.learners["policy"], learnt)
    loop.reset()
    renewed = loop.masters.learners["policy"]
    assert (renewed != first).any() and (renewed != learnt).any()


def test_tasks_learn_by_themselves_where_episodes_end_at_different_times() -> None:
    """A master learns while rows of the other one are in the middle of a slice."""
    agent = make(ROOMS, macro_length=5, n_sub_policies=2)
    rng = np.random.default_rng(0)
    shown, ends = rng.integers(104, size=(60, 4)), rng.random((60, 4)) < 0.2
    rewards = rng.random((60, 4))

    def acted(tasks: list[int]) -> list[np.ndarray]:
        rows = [2 * task + row for task in tasks for row in (0, 1)]
        env = gym.make_vec(ROOMS, num_envs=len(rows))
        rule = agent.inner_loop(env, 2, 7 + rows[0])
        found, nothing = [], np.zeros(len(rows), bool)
        for t in range(59):
            action = rule.act(shown[t, rows])
            found.append(action)
            after = shown[t + 1, rows]
            rule.observe(
                Step(shown[t, rows], action, rewards[t, rows], ends[t, rows], nothing, after)
            )
        assert rule.figures["approx_kl"].shape == (len(tasks),)
        return found

    both, alone = acted([0, 1]), acted([1])
    assert all(np.array_equal(one[2:], other) for one, other in zip(both, alone, strict=True))


def test_predict_acts_with_a_sub_policy_for_a_slice() -> None:
    agent = make(macro_length=4)
    shown, state = np.zeros((3, 6), np.float32), None
    kept = []
    for _ in range(9):
        action, state = agent.predict(shown, state)
        assert action.shape == (3,) and agent.action_space.contains(action[0])
        kept.append(state[0].copy())
    assert all((kept[t] == kept[t - t % 4]).all() for t in range(9))
    one, _ = agent.predict(shown[0], deterministic=True)
    assert one.shape == ()
    np.testing.assert_array_equal(agent.predict(shown, (kept[0], np.zeros(3, int)))[1][1], [3] * 3)


def test_what_cannot_be_is_refused() -> None:
    for wrong, said in (
        ({"n_sub_policies": 0}, "n_sub_policies=0"),
        ({"macro_length": 0}, "macro_length=0"),
        ({"joint_updates": 0}, "joint_updates=0"),
        ({"rows_per_task": 4}, "rows_per_task=4 does not divide n_envs=6"),
        ({"balance": "door"}, "balance='door' is not a quantity"),
        ({"exploration": 1.5}, "exploration=1.5"),
        ({"policy_kwargs": {"memory": "lstm"}}, "memory='lstm'"),
    ):
        with pytest.raises(ValueError, match=said):
            make(**wrong)
    with pytest.raises(ValueError, match="sub-policy 2: the agent has 2"):
        make().sub_policy(2)
    shared = make(n_sub_policies=1, warmup_updates=0).learn(42, log_interval=None)
    assert shared.latest["joint_rew_mean"] >= 0  # a single one is a policy shared by all tasks
