"""A2C: its loss, its gradient, its life in `learn` and in `evaluate`, kill and resume."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback

from agents import A2C, AdaptationCurve, evaluate
from agents.core.learning.functional import SGD
from agents.core.lifetimes.actor_critic import ActorCriticRule
from agents.core.lifetimes.loop import LifetimeLoop
from agents.core.lifetimes.losses import actor_critic_loss
from agents.core.lifetimes.rule import Unroll
from agents.core.nets.actor_critic import ActorCritic

IDS = [("CartPole-v1", {}), ("meta/GridNavi-v0", {"split": "train"})]


def agent(id_="meta/GridNavi-v0", **keywords):
    given = {"n_envs": 4, "n_steps": 5, "seed": 3, "policy_kwargs": {"net_arch": [8]}}
    return A2C("MlpPolicy", id_, **{**given, **keywords})


def learners(one):
    return {name: part.clone() for name, part in one.loop.learners.items()}


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_loss_by_hand():
    column = [torch.tensor([[[number]], [[9.0]]]) for number in (-2.0, 0.7, 1.0, 3.0, 4.0)]
    mask = torch.tensor([[[1.0]], [[0.0]]])
    total, figures = actor_critic_loss(*column, mask, ent_coef=0.1, vf_coef=0.5)
    # policy: -(-2 * 3) = 6; value: .5 * (4 - 1)^2 = 4.5; 6 + .5 * 4.5 - .1 * .7
    assert total.tolist() == pytest.approx([8.18])
    assert figures["value_loss"].item() == 4.5


def unroll(dtype):
    generator = torch.Generator().manual_seed(0)
    ones = torch.ones(3, 1, 2, dtype=dtype)
    alive, continues = ones.clone(), ones.clone()
    alive[1, 0, 0] = continues[1, 0, 0] = continues[0, 0, 1] = 0.0
    continues[-1] = 0.0
    cut = torch.zeros_like(ones)
    cut[0, 0, 1] = 1.0

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    actions = torch.tensor([0, 1, 1, 0, 1, 0]).reshape(3, 1, 2)
    parts = normal(4, 1, 2, 3), actions, normal(3, 1, 2), alive, continues, ones
    return Unroll(*parts, {}, cut, normal(3, 1, 2, 3))


def test_the_update_is_a_step_along_the_gradient_of_the_loss_with_constant_targets():
    network = ActorCritic(spaces.Box(-1, 1, (3,)), spaces.Discrete(2), [4])
    rule = ActorCriticRule(network, SGD(), 3, 0.1, 0.9, 0.8, 0.01, 0.5, None)
    policy = network.begin([0]).double()
    policy += 0.1 * torch.randn(policy.shape, generator=torch.Generator().manual_seed(1))
    seen = unroll(torch.float64)
    after, figures = rule.update({"policy": policy}, seen)
    outputs, next_values = seen.values(network, policy)
    values = outputs["value"]
    # Returns by hand: row 0 terminates after step 1, row 1 is cut after step 0.
    deltas = seen.rewards + 0.9 * seen.alive * next_values - values
    advantages = deltas.clone()
    for step in (1, 0):
        advantages[step] += 0.72 * (seen.alive * seen.continues)[step] * advantages[step + 1]
    targets = advantages + values

    def loss(policy):
        now = seen.values(network, policy)[0]
        log_prob = network.head.log_prob(now["policy"], seen.actions)
        entropy = network.head.entropy(now["policy"]).mean()
        errors = 0.5 * (targets - now["value"]).square().mean()
        return -(log_prob * advantages).mean() + 0.5 * errors - 0.01 * entropy

    for place in range(0, policy.shape[1], 7):
        nudge = torch.zeros_like(policy)
        nudge[0, place] = 1e-5
        slope = (loss(policy + nudge) - loss(policy - nudge)) / 2e-5
        moved = after["policy"][0, place] - policy[0, place]
        assert float(moved) == pytest.approx(-0.1 * float(slope), abs=1e-9)
    assert figures["grad_norm"].shape == (1,)


def test_updates_can_be_differentiated_through():
    network = ActorCritic(spaces.Box(-1, 1, (3,)), spaces.Discrete(2), [4])
    rule = ActorCriticRule(network, SGD(), 3, 0.1, 0.9, 0.8, 0.01, 0.5, 0.5)
    policy = network.begin([0]).requires_grad_()
    after, _ = rule.update({"policy": policy}, unroll(torch.float32), differentiable=True)
    (grads,) = torch.autograd.grad(after["policy"].square().sum(), policy)
    assert grads.isfinite().all()
    assert not torch.equal(grads, 2 * after["policy"])
    plain, _ = rule.update({"policy": policy}, unroll(torch.float32))
    assert torch.equal(plain["policy"], after["policy"])
    assert not plain["policy"].requires_grad


@pytest.mark.parametrize("policy", [{}, {"memory": "lstm", "memory_size": 4}], ids=["", "lstm"])
@pytest.mark.parametrize(("id_", "kwargs"), IDS, ids=[name for name, _ in IDS])
def test_learn_and_evaluate_draw_the_same_curve(id_, kwargs, policy, monkeypatch):
    rewards = []
    plain = LifetimeLoop.observe

    def observe(self, step, rows=None):
        rewards.append(np.array(step.reward))
        plain(self, step, rows)

    monkeypatch.setattr(LifetimeLoop, "observe", observe)
    one = agent(id_, env_kwargs=kwargs, policy_kwargs={"net_arch": [8], **policy}).learn(4 * 40)
    learnt, rewards[:] = np.stack(rewards), []
    assert (one.num_timesteps, one._n_updates) == (160, 8)
    curve = evaluate(
        one, id_, steps=40, bins=4, num_tasks=1, rows_per_task=4, seed=3, env_kwargs=kwargs
    )
    assert np.array_equal(learnt, np.stack(rewards))
    wanted = learnt.reshape(4, 10, 4).sum(axis=1).T
    np.testing.assert_allclose(curve.row_returns[0], wanted)
    assert curve.figures["entropy"].shape == (1, 4)


def test_many_lifetimes_do_not_depend_on_the_number_of_rows_played_at_a_time():
    one = agent()
    curves = [
        evaluate(one, one.env_id, steps=20, bins=2, num_tasks=3, rows_per_task=2, num_envs=rows)
        for rows in (2, 256)
    ]
    assert np.array_equal(curves[0].row_returns, curves[1].row_returns)
    assert np.array_equal(curves[0].figures["grad_norm"], curves[1].figures["grad_norm"])


def test_figures_are_kept_by_merging_and_by_files(tmp_path):
    one = agent()
    curve = evaluate(one, one.env_id, steps=20, bins=4, num_tasks=2, env_kwargs={})
    assert curve.mean("entropy").shape == (4,)
    merged = AdaptationCurve.merge(curve, curve)
    assert merged.figures["entropy"].shape == (4, 4)
    merged.to_csv(tmp_path / "curve.csv")
    read = AdaptationCurve.from_csv(tmp_path / "curve.csv")
    assert read.figures.keys() == curve.figures.keys()
    np.testing.assert_array_equal(read.figures["entropy"], merged.figures["entropy"])
    with pytest.raises(ValueError, match="'entropy'"):
        curve.mean("gamma")


@pytest.mark.parametrize("policy", [{}, {"memory": "lstm", "memory_size": 4}], ids=["", "lstm"])
@pytest.mark.parametrize("parts", [(100, 100), (40, 160)])
def test_a_life_that_is_saved_and_read_goes_on_alike(parts, policy, tmp_path):
    whole = agent(policy_kwargs={"net_arch": [8], **policy}).learn(200)
    first = agent(policy_kwargs={"net_arch": [8], **policy}).learn(parts[0])
    first.save(tmp_path / "a.zip")
    rest = A2C.load(tmp_path / "a.zip").learn(parts[1], reset_num_timesteps=False)
    assert equal(learners(whole), learners(rest))
    first.learn(parts[1], reset_num_timesteps=False)
    assert equal(learners(whole), learners(first))
    assert whole.num_timesteps == rest.num_timesteps == first.num_timesteps
    observation = np.zeros((3, *whole.observation_space.shape), np.float32)
    actions, memory = whole.predict(observation)
    assert np.array_equal(actions, rest.predict(observation)[0])
    assert (memory is None) is (not policy)
    if policy:
        assert np.array_equal(whole.loop.memory, rest.loop.memory)
        _, fresh = whole.predict(observation, memory, np.array([True, False, True]))
        assert np.array_equal(fresh[0], memory[0])
        assert not np.array_equal(fresh[1], memory[1])


def test_foreign_episodes_begin_anew_and_it_is_said(tmp_path):
    agent("CartPole-v1").learn(100).save(tmp_path / "a.zip")
    with pytest.warns(UserWarning, match="CartPole-v1 cannot tell the state of its episodes"):
        one = A2C.load(tmp_path / "a.zip")
    with pytest.warns(UserWarning):
        other = A2C.load(tmp_path / "a.zip")
    one.learn(40, reset_num_timesteps=False)
    other.learn(40, reset_num_timesteps=False)
    assert equal(learners(one), learners(other))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agent("CartPole-v1").save(tmp_path / "new.zip")
        A2C.load(tmp_path / "new.zip")


class StopsAfter(BaseCallback):
    def __init__(self, calls):
        super().__init__()
        self.left = calls

    def _on_step(self):
        self.left -= 1
        return self.left > 0


def test_a_stop_finishes_the_iteration():
    stopped = agent().learn(200, callback=StopsAfter(7))
    assert stopped.num_timesteps == 40  # two iterations of five steps in four rows
    stopped.learn(160, reset_num_timesteps=False)
    assert equal(learners(stopped), learners(agent().learn(200)))


def test_all_rows_live_in_one_task_or_in_a_changing_one():
    one = agent().learn(20)
    goals = one.venv.tasks["goal"]
    assert (goals == goals[0]).all()
    for _ in range(5):
        one.learn(100, reset_num_timesteps=False)
        assert np.array_equal(one.venv.tasks["goal"], goals)
    given = agent(task={"goal": np.array([4, 4])}).learn(20)
    assert (given.venv.tasks["goal"] == 4).all()
    changing = agent(task="changing", n_envs=16).learn(80)
    assert len(np.unique(changing.venv.tasks["goal"], axis=0)) > 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gamma": 1.5}, "gamma=1.5"),
        ({"n_steps": 0}, "n_steps=0"),
        ({"learning_rate": ("linear", 1, 0)}, "must be a number"),
        ({"optimizer": "adan"}, r"\['adam', 'rmsprop', 'sgd'\]"),
        ({"task": "change"}, "None or 'changing'"),
        ({"policy_kwargs": {"torso": "cmn"}}, r"'mlp', 'table'; did you mean 'cnn'"),
    ],
)
def test_what_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        agent(**wrong)
