"""PPO as a rule: its steps are those of a plain implementation, and learners do not mix."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import DPO, PPO
from agents.core.learning.functional import Adam
from agents.core.lifetimes.ppo import PPORule
from agents.core.lifetimes.rule import Unroll
from agents.core.losses import losses
from agents.core.losses.returns import vtrace
from agents.core.nets.actor_critic import ActorCritic

SEEN, MOVES = spaces.Box(-1.0, 1.0, (3,), np.float32), spaces.Discrete(3)
T, R = 6, 2


def rule(**more):
    given = {
        **{"network": ActorCritic(SEEN, MOVES, [8]), "optimizer": Adam(), "n_steps": T},
        **{"learning_rate": 0.01, "gamma": 0.9, "gae_lambda": 0.8, "ent_coef": 0.01},
        **{"vf_coef": 0.5, "max_grad_norm": 0.5, "policy_loss": losses.clipped_surrogate},
        **{"clip_range": 0.2, "n_epochs": 2, "n_minibatches": 3},
    }
    return PPORule(**{**given, **more})


def unroll(learners):
    random = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=random)

    shape = (T, learners, R)
    continues = (draw(*shape) > -1).float()
    return Unroll(
        inputs=draw(T + 1, learners, R, 3),
        actions=torch.randint(3, shape, generator=random),
        rewards=draw(*shape),
        alive=continues.clone(),
        continues=torch.cat([continues[:-1], torch.zeros(1, learners, R)]),
        mask=torch.ones(shape),
        record={"policy": torch.log_softmax(draw(*shape, 3), dim=-1)},
        cut=torch.zeros(shape),
        cut_inputs=None,
    )


def test_a_pass_in_one_part_is_a_step_of_adam_on_ppos_loss():
    one = rule(n_epochs=1, n_minibatches=1)
    born, played = one.begin([5]), unroll(1)
    after, figures = one.update(born, played)
    policy = born["policy"].clone().requires_grad_()
    outputs, following = played.values(one.network, policy)
    returns = vtrace(
        played.rewards, outputs["value"].detach(), following.detach(), 0.9 * played.alive,
        played.continues, None, 0.8,
    )  # fmt: skip
    head, mask = one.network.head, played.mask
    advantage = losses.standardise(returns.advantages, mask)
    log_prob = head.log_prob(outputs["policy"], played.actions)
    old = head.log_prob(played.record["policy"], played.actions)
    gain = losses.clipped_surrogate(log_prob, old, advantage, 0.2, mask)
    error = losses.value_loss(outputs["value"], returns.targets, mask)
    loss = gain + 0.5 * error - 0.01 * head.entropy(outputs["policy"]).mean()
    optimizer = torch.optim.Adam([policy], 0.01)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([policy], 0.5)
    optimizer.step()
    torch.testing.assert_close(after["policy"], policy.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(figures["policy_gradient_loss"][0], gain.detach())


def test_learners_do_not_depend_on_each_other():
    one, played = rule(), unroll(3)
    born = one.begin([1, 2, 3])
    whole, _ = one.update(born, played)
    for index in range(3):
        at = slice(index, index + 1)
        own = {name: part[:, at] for name, part in vars(played).items() if torch.is_tensor(part)}
        record = {"policy": played.record["policy"][:, at]}
        part = Unroll(**own, record=record, cut_inputs=None)
        alone, _ = one.update({name: value[at] for name, value in born.items()}, part)
        assert all(torch.equal(alone[name][0], whole[name][index]) for name in whole)


def test_every_pass_sees_every_step_once_in_another_order():
    one = rule()
    born = one.begin([1, 2])
    passes = [torch.cat(one._parts(born, T * R, epoch), dim=1) for epoch in range(2)]
    for order in passes:
        assert all(sorted(row.tolist()) == list(range(T * R)) for row in order)
    assert not torch.equal(*passes) and not torch.equal(passes[0][0], passes[0][1])


def test_the_policy_loss_is_an_argument(tmp_path):
    def still(log_prob, old_log_prob, advantage, clip, mask):
        return 0.0 * log_prob.sum()

    given = {"n_envs": 2, "n_steps": 4, "seed": 0, "ent_coef": 0.0}
    agents = [
        PPO("MlpPolicy", "CartPole-v1", policy_loss=one, **given).learn(16)
        for one in ("ppo", "dpo", still)
    ]
    policies = [agent.loop.learners["policy"] for agent in agents]
    assert not torch.equal(policies[0], policies[1]) and not torch.equal(policies[0], policies[2])
    same = DPO("MlpPolicy", "CartPole-v1", **given).learn(16)
    assert torch.equal(same.loop.learners["policy"], policies[1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"policy_loss": "dop"}, "did you mean 'dpo'"),
        ({"policy_kwargs": {"memory": "lstm"}}, "single steps"),
        ({"n_minibatches": 9, "n_steps": 4, "n_envs": 2}, "more than the 8 steps"),
    ],
)
def test_bad_arguments_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        PPO("MlpPolicy", "CartPole-v1", **arguments)


def test_dpo_learns_a_bandit():
    """Ten pulls of the better of two arms, whose pay is sure: 8 rows find it in 30 updates."""
    arguments = {"n_envs": 8, "n_steps": 10, "learning_rate": 0.05, "seed": 0}
    kwargs = {"arms": 2, "pulls": 10}
    agent = DPO(
        "MlpPolicy",
        "meta/BernoulliBandit-v0",
        env_kwargs=kwargs,
        **arguments,
        task={"means": [0.0, 1.0]},
    )
    agent.learn(30 * 80)
    venv = gym.make_vec("meta/BernoulliBandit-v0", num_envs=1, **kwargs)
    seen, _ = venv.reset(seed=0)
    assert agent.predict(seen[0], deterministic=True)[0] == 1
    assert agent.latest["ep_rew_mean"] > 8
