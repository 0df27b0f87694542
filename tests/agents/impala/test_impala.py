"""IMPALA: its loss by brute force, older parameters that act, schedules, kill and resume."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import IMPALA, evaluate
from agents.core.learning.functional import SGD
from agents.core.lifetimes.rule import Unroll
from agents.core.nets.actor_critic import ActorCritic
from agents.impala.rule import ImpalaRule

SEEN, MOVES = spaces.Box(-1, 1, (3,)), spaces.Discrete(3)


def rule(**more):
    network = ActorCritic(SEEN, MOVES, [4])
    given = {"gamma": 0.9, "gae_lambda": 0.8, "ent_coef": 0.01, "vf_coef": 0.5, **more}
    return ImpalaRule(network, SGD(), 4, 0.1, max_grad_norm=None, **given)


def unroll(dtype=torch.float64):
    """Row 0 terminates after step 1, row 1 is cut after step 2; others than now acted."""
    generator = torch.Generator().manual_seed(0)
    ones = torch.ones(4, 1, 2, dtype=dtype)
    alive, continues, cut = ones.clone(), ones.clone(), torch.zeros_like(ones)
    alive[1, 0, 0] = continues[1, 0, 0] = continues[2, 0, 1] = 0.0
    continues[-1] = 0.0
    cut[2, 0, 1] = 1.0

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    actions = torch.tensor([0, 1, 1, 2, 1, 0, 2, 2]).reshape(4, 1, 2)
    acted = torch.log_softmax(normal(4, 1, 2, 3), dim=-1)
    parts = normal(5, 1, 2, 3), actions, 2 * normal(4, 1, 2), alive, continues, ones
    return Unroll(*parts, {"policy": acted}, cut, normal(4, 1, 2, 3))


def parameters(network):
    generator = torch.Generator().manual_seed(1)
    policy = network.begin([0]).double()
    return policy + 0.3 * torch.randn(policy.shape, generator=generator, dtype=torch.float64)


def test_the_update_follows_v_trace_by_brute_force():
    one, seen = rule(clip_reward=1.0), unroll()
    network, policy = one.network, parameters(one.network)
    after, _ = one.update({"policy": policy}, seen)
    outputs, next_values = seen.values(network, policy)
    values, rewards = outputs["value"], seen.rewards.clamp(-1, 1)
    assert (seen.rewards.abs() > 1).any()
    rho = (
        network.head.log_prob(outputs["policy"], seen.actions)
        - network.head.log_prob(seen.record["policy"], seen.actions)
    ).exp()
    assert (rho > 1.2).any()
    assert (rho < 0.8).any()
    weight, discount = rho.clamp(max=1), 0.9 * seen.alive
    targets, advantages = values.clone(), torch.zeros_like(values)
    for row in range(2):
        for start in range(4):
            trace = 1.0
            for step in range(start, 4):  # the sum of the definition
                at = (step, 0, row)
                delta = rewards[at] + discount[at] * next_values[at] - values[at]
                targets[start, 0, row] += trace * weight[at] * delta
                trace = trace * discount[at] * seen.continues[at] * 0.8 * weight[at]
        for at in ((step, 0, row) for step in range(4)):
            later = next_values[at]
            if seen.continues[at]:
                following = (at[0] + 1, 0, row)
                later = later + 0.8 * (targets[following] - values[following])
            advantages[at] = weight[at] * (rewards[at] + discount[at] * later - values[at])

    def loss(policy):
        now = seen.values(network, policy)[0]
        log_prob = network.head.log_prob(now["policy"], seen.actions)
        entropy = network.head.entropy(now["policy"]).sum()
        errors = 0.5 * (targets - now["value"]).square().sum()  # sums, not means
        return -(log_prob * advantages).sum() + 0.5 * errors - 0.01 * entropy

    for place in range(0, policy.shape[1], 7):
        nudge = torch.zeros_like(policy)
        nudge[0, place] = 1e-5
        slope = (loss(policy + nudge) - loss(policy - nudge)) / 2e-5
        moved = after["policy"][0, place] - policy[0, place]
        assert float(moved) == pytest.approx(-0.1 * float(slope), abs=1e-8)


def agent(id_="meta/GridNavi-v0", **keywords):
    given = {"n_envs": 4, "n_steps": 5, "seed": 3, "policy_kwargs": {"net_arch": [8]}}
    return IMPALA("MlpPolicy", id_, **{**given, **keywords})


def weighed(one, monkeypatch, weigh):
    """Return the policy after 200 steps, with or without importance weights."""
    monkeypatch.setattr(ImpalaRule, "off_policy", weigh)
    return one.learn(200).loop.learners["policy"]


@pytest.mark.parametrize("lag", [0, 2])
def test_weights_correct_for_older_parameters_alone(lag, monkeypatch):
    with_weights, without = (
        weighed(agent(lag=lag, learning_rate=0.02), monkeypatch, weigh) for weigh in (True, False)
    )
    apart = float((with_weights - without).abs().max())
    assert apart < 1e-4 if lag == 0 else apart > 1e-3


def test_parameters_of_some_updates_ago_act():
    one, policies, acting = agent(lag=2), [], []
    for _ in range(4):
        policies.append(one.loop.learners["policy"].clone())
        acting.append(one.rule.acting(one.loop.learners).clone())
        one.learn(20, reset_num_timesteps=False)
    assert not torch.equal(policies[0], policies[1])
    for update, wanted in enumerate((0, 0, 0, 1)):
        assert torch.equal(acting[update], policies[wanted])
    observation = np.zeros((500, *one.observation_space.shape), np.float32)
    assert one.predict(observation)[0].shape == (500,)


def test_the_learning_rate_moves_and_stays():
    given = {"learning_rate": ("linear", 0.1, 0.0), "schedule_steps": 40}
    one = agent(**given).learn(40)
    policy = one.loop.learners["policy"].clone()
    one.learn(40, reset_num_timesteps=False)
    assert torch.equal(one.loop.learners["policy"], policy)
    constant = agent(learning_rate=0.1).learn(20)
    assert torch.equal(
        constant.loop.learners["policy"],
        agent(**given).learn(20).rule.acting(constant.loop.learners),
    )


def test_a_life_is_the_same_in_evaluate_and_after_a_file(tmp_path):
    given = {
        "env_kwargs": {"split": "train"},
        "lag": 2,
        "learning_rate": ("linear", 0.02, 0.01),
        "schedule_steps": 200,
        "policy_kwargs": {"net_arch": [8], "memory": "lstm", "memory_size": 4},
    }
    whole, first = agent(**given).learn(200), agent(**given).learn(80)
    first.save(tmp_path / "a.zip")
    rest = IMPALA.load(tmp_path / "a.zip").learn(120, reset_num_timesteps=False)
    for name, part in whole.loop.learners.items():
        assert torch.equal(part, rest.loop.learners[name]), name
    kwargs = {"env_kwargs": given["env_kwargs"], "rows_per_task": 4, "num_tasks": 1, "seed": 3}
    curve = evaluate(whole, whole.env_id, steps=50, bins=10, **kwargs)
    assert np.array_equal(curve.figures["entropy"][0, -1], whole.loop.figures["entropy"][0])


def test_a_new_learner_is_as_this_one_was_at_first():
    one = agent(lag=1, learning_rate=0.02).learn(100)
    other = one.make_learner("CartPole-v1", seed=5, n_envs=2)
    assert (other.num_timesteps, other.lag, other.n_envs, other.env_id) == (0, 1, 2, "CartPole-v1")
    other.learn(20)
    assert one.make_learner(one.env_id).seed == one.seed
    batch = gym.make_vec(one.env_id, num_envs=3)
    assert one.make_learner(batch).n_envs == 3


class Blinking(gym.Env):
    """Frames that are dark or light; the right action says which."""

    observation_space = spaces.Box(0, 255, (6, 6, 1), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._shown(), {}

    def step(self, action):
        right = float(action == self.light)
        self.steps += 1
        return self._shown(), right, self.steps == 20, False, {}

    def _shown(self):
        self.light = int(self.np_random.integers(2))
        return np.full((6, 6, 1), 255 * self.light, np.uint8)


gym.register("impala/Blinking-v0", Blinking)


def test_frames_are_learnt_from():
    one = IMPALA(
        "CnnPolicy",
        f"{__name__}:impala/Blinking-v0",
        n_envs=8,
        seed=0,
        gamma=0.0,
        learning_rate=5e-3,
        policy_kwargs={"net_arch": [16]},
    )
    one.learn(3200)
    assert one.network.layout.shapes["torso.conv.0.weight"] == (16, 1, 3, 3)
    assert (
        np.mean([episode["r"] for episode in list(one.ep_info_buffer)[-16:]]) > 13.5
    )  # chance: 10, six errors below


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lag": -1}, "lag=-1"),
        ({"clip_reward": 0.0}, "clip_reward=0.0"),
        ({"learning_rate": ("linear", 1e-3, 0)}, "say with schedule_steps"),
        ({"learning_rate": ("linear", 0, 1), "schedule_steps": 9}, "must start above 0"),
        ({"rms_eps": 0.0}, "rms_eps=0.0"),
    ],
)
def test_what_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        agent(**wrong)
