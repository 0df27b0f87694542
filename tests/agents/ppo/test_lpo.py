"""LPO: the laws of its drifts, what a generation is, and where the loss that was found goes."""

from __future__ import annotations

import gymnasium as gym
import joblib
import numpy as np
import pytest
import torch

from agents import DPO, LPO, PPO, LPOLearner, evaluate
from agents.core.lifetimes.lives import FOUND, live
from agents.core.losses.drifts import dpo_drift, ppo_drift
from agents.ppo.drift_network import DriftNetwork
from agents.ppo.symbolic import Formula, fit

SIDES = torch.linspace(-3.0, 3.0, 31), torch.linspace(-4.0, 4.0, 21)
LOG_RATIO, ADVANTAGE = (one.flatten() for one in torch.meshgrid(*SIDES, indexing="ij"))
POINT = {"max_episode_steps": 4}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env="meta/PointGoal-v0", **more):
    given = {
        **({"env_kwargs": POINT} if env == "meta/PointGoal-v0" else {}),
        **{"population": 4, "rows_per_task": 2, "life": 8, "n_steps": 4, "n_minibatches": 2},
        **{"n_epochs": 2, "drift_size": 4, "n_episodes": 2, "seed": 0, "preset": None},
        "policy_kwargs": {"net_arch": [8], "separate": ["value"]},
    }
    return LPO("MlpPolicy", env, **{**given, **more})


def drawn(network, seed, scale=1.0):
    random = torch.Generator().manual_seed(seed)
    return scale * torch.randn(1, network.layout.size, generator=random)


@pytest.mark.parametrize("on_ppo", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_any_parameters_make_a_drift(on_ppo, seed):
    network = DriftNetwork(16, on_ppo)
    params = drawn(network, seed)
    drift = network.drift(params, LOG_RATIO[None], ADVANTAGE[None])
    assert (drift >= 0).all() and (drift > 0.1).any()
    still = torch.zeros(1, 21, requires_grad=True)
    at_one = network.drift(params, still, SIDES[1][None])
    (slope,) = torch.autograd.grad(at_one.sum(), still)
    assert (at_one == 0).all() and (slope == 0).all()


def test_it_is_the_network_of_the_paper_worked_out_by_hand():
    network = DriftNetwork(2)
    parts = {"0.weight": torch.zeros(1, 2, 8), "1.weight": torch.tensor([[[3.0, 1.0]]])}
    parts["0.weight"][0, 0, 1], parts["0.weight"][0, 1, 6] = 0.5, -2.0
    log_ratio, advantage = torch.tensor([[0.4]]), torch.tensor([[1.5]])
    apart = 1 - log_ratio.exp()
    expected = 3 * torch.tanh(0.5 * log_ratio**2) + torch.tanh(-2.0 * apart * advantage) - 1e-4
    found = network.drift(network.layout.flatten(parts), log_ratio, advantage)
    torch.testing.assert_close(found, expected)


def test_a_network_of_0_on_ppo_is_ppo():
    network = DriftNetwork(4, on_ppo=True)
    found = network.drift(network.begin(0)[None], LOG_RATIO[None], ADVANTAGE[None])[0]
    torch.testing.assert_close(found, ppo_drift(LOG_RATIO, ADVANTAGE), rtol=0, atol=1.01e-4)
    assert not torch.equal(
        network.drift(drawn(network, 0), LOG_RATIO[None], ADVANTAGE[None])[0], found
    )


def test_members_learn_by_their_own_drifts_and_not_by_each_others():
    agent = make()
    rule, venv = agent._make_rule(agent.network), agent.venv
    members = torch.cat([drawn(agent.drift, one) for one in range(4)])
    tasks = [{"goal": np.full(2, 0.1 * one)} for one in range(4)]
    given = (2, 8, 2)

    def lived(which, env):
        seeds = [7 + one // 2 for one in which]
        return live(env, rule, members[which], seeds, *given, [tasks[one // 2] for one in which])

    whole = lived([0, 1, 2, 3], venv)
    assert whole.returns.shape == (4, 4) and whole.steps == 8 * 8 + whole.lengths.sum()
    assert not np.array_equal(whole.returns[0], whole.returns[1])  # one task, two drifts
    half = gym.make_vec("meta/PointGoal-v0", num_envs=4, **POINT)
    assert np.array_equal(lived([2, 3], half).returns, whole.returns[2:])


def test_pairs_with_one_drift_earn_the_same_and_a_lost_learner_earns_nothing():
    agent = make(max_grad_norm=None)
    rule = agent._make_rule(agent.network)
    params = drawn(agent.drift, 0).expand(4, -1).clone()
    params[3] = float("nan")
    found = live(agent.venv, rule, params, [7, 7, 8, 8], 2, 8, 2, [{"goal": np.zeros(2)}] * 4)
    assert np.array_equal(found.returns[0], found.returns[1])
    assert np.isnan(found.returns[3]).all() and not np.isnan(found.returns[:3]).any()


def test_a_generation_does_not_depend_on_the_size_of_jobs_or_on_who_plays():
    wanted = make().learn(200, log_interval=None)
    others = [make(n_envs=4), make(n_envs=4, workers=None)]
    with joblib.parallel_config("threading", n_jobs=2):
        for other in others:
            other.learn(200, log_interval=None)
            assert torch.equal(other.center, wanted.center)
            assert other.num_timesteps == wanted.num_timesteps
            assert list(other.ep_info_buffer)[-1]["r"] == list(wanted.ep_info_buffer)[-1]["r"]
    assert not torch.equal(wanted.center, make().center)


def test_what_was_found_goes_elsewhere(tmp_path):
    agent = make().learn(1, log_interval=None)
    learner = agent.make_learner("CartPole-v1", n_envs=2, n_steps=4).learn(16)
    assert torch.equal(learner.policy_loss_found.params, agent.center)
    learner.save(tmp_path / "learner")
    with pytest.warns(UserWarning, match="in new episodes"):
        again = LPOLearner.load(tmp_path / "learner")
    assert torch.equal(again.policy_loss_found.params, agent.center)
    assert torch.equal(again.loop.learners["policy"], learner.loop.learners["policy"])
    given = {"n_envs": 2, "n_steps": 4, "seed": 0, "policy_kwargs": agent.policy_kwargs}
    same = PPO(
        "MlpPolicy", "CartPole-v1", policy_loss=agent.policy_loss_found, n_epochs=2,
        n_minibatches=2, ent_coef=0.01, **given,
    ).learn(16)  # fmt: skip
    torch.testing.assert_close(same.loop.learners["policy"], learner.loop.learners["policy"])
    curve = evaluate(agent, "CartPole-v1", steps=8, bins=2, num_tasks=2, rows_per_task=2)
    assert curve.returns.shape == (2, 2)
    assert FOUND not in agent.inner_loop(agent.venv, 2, seed=0).learners


def test_a_formula_is_a_drift_that_can_be_read():
    formula = Formula(["add", "tanh", "mul", 2.0, "A log rho", 0.5])
    assert str(formula) == "relu((tanh(2 * A log rho) + 0.5) - 0.5)"
    log_ratio = torch.tensor([0.3, 0.0], requires_grad=True)
    found = formula.drift(log_ratio, torch.tensor([2.0, 2.0]))
    torch.testing.assert_close(found, torch.tensor([np.tanh(1.2) - 1e-4, 0.0], dtype=torch.float32))
    assert torch.autograd.grad(found[1], log_ratio)[0][1] == 0
    for tokens, words in (
        (["add", 1.0], "ends too early"),
        ([1.0, 2.0], "left over"),
        (["sin", 1.0], "'sin' is unknown"),
    ):
        with pytest.raises(ValueError, match=words):
            Formula(tokens)


def test_the_search_finds_a_formula_near_dpo_which_trains():
    pytest.importorskip("gplearn")
    few = {"population": 150, "generations": 4, "points": 10}
    formula = fit(dpo_drift, **few)
    wanted = dpo_drift(LOG_RATIO, ADVANTAGE)
    near = LOG_RATIO.abs() < 0.7
    error = (formula.drift(LOG_RATIO, ADVANTAGE) - wanted)[near].square().mean()
    assert error < 0.5 * wanted[near].var() and str(formula).startswith("relu(")
    assert str(fit(dpo_drift, **few)) == str(formula)
    given = {"n_envs": 2, "n_steps": 4, "seed": 0}
    learners = [
        PPO("MlpPolicy", "CartPole-v1", policy_loss=formula, **given).learn(16),
        DPO("MlpPolicy", "CartPole-v1", **given).learn(16),
    ]
    policies = [one.loop.learners["policy"] for one in learners]
    assert not torch.equal(*policies) and torch.isfinite(policies[0]).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"population": 5}, "must be even"),
        ({"n_envs": 6}, "use e.g. n_envs=8"),
        ({"n_minibatches": 9}, "more than the 8 steps"),
        ({"life": 0}, "life=0"),
    ],
)
def test_bad_arguments_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        make(**arguments)
