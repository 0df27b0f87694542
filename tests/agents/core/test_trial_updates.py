"""What an update from whole trials is made of, against sums over the trials by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import L2RL, RL2, VariBAD
from agents.core.base.schedules import value_at
from agents.core.losses import losses
from tests.agents import toys  # noqa: F401  registers toy/...

GAMMA, LAMBDA = 0.9, 0.7
SMALL = {"hidden_size": 8, "embedding_sizes": (8,)}


def make(algorithm=RL2, policy="GruPolicy", **kwargs):
    kwargs = {"n_envs": 6, "gamma": GAMMA, "gae_lambda": LAMBDA, "seed": 3, **kwargs}
    return algorithm(policy, "toy/Lengths-v0", **{"policy_kwargs": SMALL, **kwargs})


def collected(agent):
    return agent._collect(lambda rows: True)


def advantages_by_hand(trials, scale, cut):
    """Sum (gamma lambda)^k times each later step's error, up to the trial's (or episode's) end."""
    wanted = np.zeros(tuple(trials.mask.shape))
    for column, length in enumerate(trials.mask.sum(0).int().tolist()):
        rewards = trials.rewards[:length, column].double().numpy() / scale
        values = trials.values[:length, column].double().numpy()
        last = np.zeros(length, dtype=bool)
        last[-1] = True
        if cut:
            last |= trials.ends[:length, column].numpy()
        after = np.where(last, 0.0, np.append(values[1:], 0.0))
        errors = rewards + GAMMA * after - values
        for step in range(length):
            end = step + int(np.flatnonzero(last[step:])[0]) + 1
            weights = (GAMMA * LAMBDA) ** np.arange(end - step)
            wanted[step, column] = (weights * errors[step:end]).sum()
    return torch.from_numpy(wanted)


@pytest.mark.parametrize("cut", [False, True])
def test_advantages_are_discounted_once_over_the_trial_and_cut_only_where_asked(cut):
    agent = make(normalize_advantage=False, normalize_reward=False, cut_at_episode_ends=cut)
    trials = collected(agent)
    batch = agent.prepare(trials, GAMMA)
    wanted = advantages_by_hand(trials, 1.0, cut)
    played = trials.mask > 0
    torch.testing.assert_close(batch.advantages.double()[played], wanted[played])
    sums = (wanted + trials.values).float()[played]
    torch.testing.assert_close(batch.returns[played], sums)


def value_after(agent, trials, step, column):
    """Return the value of the state that `step` led to, whose reward is the step's number."""
    number = float(trials.rewards[step, column])
    action = torch.nn.functional.one_hot(trials.actions[step, column].long(), 3).float()
    after = torch.cat([torch.tensor([number]), action, torch.tensor([number, 0.0])])
    inputs = torch.cat([trials.inputs[: step + 1, column], after[None]])
    with torch.no_grad():
        return float(agent.policy(inputs[:, None])[1][-1, 0])


@pytest.mark.parametrize(("algorithm", "policy"), [(RL2, "GruPolicy"), (L2RL, "LstmPolicy")])
def test_a_truncation_ends_the_carry_but_what_follows_counts_by_its_value(algorithm, policy):
    settings = {"normalize_advantage": False, "normalize_reward": False}
    horizon = {"env_kwargs": {"max_episode_steps": 4}, "cut_at_episode_ends": True}
    agent = make(algorithm, policy, n_envs=4, n_trials=2, **settings, **horizon)
    trials = collected(agent)
    played = trials.mask > 0
    # shorter episodes terminate; of those of 4 steps, the task decides
    inside = trials.ends & (trials.rewards < 4.0)
    assert inside.any() and (trials.cut_values[inside] == 0).all()
    cut = trials.cut_values != 0
    assert (
        cut.any() and (trials.rewards[cut] == 4.0).all() and (cut & trials.continues.bool()).any()
    )
    for step, column in cut.nonzero().tolist():
        wanted = value_after(agent, trials, step, column)
        assert float(trials.cut_values[step, column]) == pytest.approx(wanted, abs=1e-6)
    batch = agent.prepare(trials, GAMMA)
    errors_at_cuts = trials.rewards + GAMMA * trials.cut_values - trials.values
    torch.testing.assert_close(batch.advantages[cut], errors_at_cuts[cut])
    before = torch.zeros_like(cut)
    before[:-1] = cut[1:]
    ahead = torch.cat([batch.advantages[1:], batch.advantages[:1]])
    wanted = trials.rewards + GAMMA * torch.cat([trials.values[1:], trials.values[:1]])
    wanted = wanted - trials.values + GAMMA * LAMBDA * ahead
    torch.testing.assert_close(batch.advantages[before & played], wanted[before & played])


def test_a_linear_baseline_has_no_values_to_put_after_a_truncation():
    agent = make(baseline="linear", cut_at_episode_ends=True)
    assert collected(agent).cut_values is None


def test_advantages_are_of_mean_0_and_deviation_1_over_played_steps():
    agent = make()
    trials = collected(agent)
    advantages = agent.prepare(trials, GAMMA).advantages.double()
    raw = advantages_by_hand(trials, agent.reward_normaliser.scale, False)
    played = trials.mask > 0
    wanted = (raw - raw[played].mean()) / raw[played].std(correction=0)
    torch.testing.assert_close(advantages[played], wanted[played], rtol=1e-4, atol=1e-5)
    assert (advantages[~played] == 0).all()


def test_the_policy_sees_rewards_in_the_units_that_it_was_trained_in():
    """`RL2` divides rewards by the deviation of the discounted return, as its loss does."""
    agent = make()
    trials = collected(agent)
    agent.train(trials)
    seen = []
    for column, length in enumerate(trials.mask.sum(0).int().tolist()):
        total = 0.0
        for reward in trials.rewards[:length, column].tolist():
            total = GAMMA * total + reward
            seen.append(total)
    assert float(agent.policy.reward_scale) == pytest.approx(1.0 / np.std(seen), rel=1e-6)
    agent.iteration += 1
    later = collected(agent)
    both = (later.mask[1:] > 0) & (later.mask[:-1] > 0)
    shown = later.inputs[1:, :, -2][both]  # the previous reward
    torch.testing.assert_close(shown, (later.rewards[:-1] / np.std(seen)).float()[both])
    assert shown.max() > 0


def test_every_iteration_plays_tasks_of_its_own():
    agent = make(n_envs=16)
    lengths = []
    for iteration in range(3):
        agent.iteration = iteration
        lengths.append(tuple(collected(agent).mask.sum(0).tolist()))
    assert len(set(lengths)) == 3


def test_an_epoch_learns_from_every_trial_once_in_another_order():
    agent = make(batch_size=2, n_epochs=3)
    batch = agent.prepare(collected(agent), GAMMA)
    batch.returns[:] = torch.arange(6.0)  # marks the trials
    batches = list(agent.update.minibatches(agent.policy, batch, np.random.default_rng(0)))
    orders = torch.stack([part.returns[0] for part in batches]).reshape(3, 6).tolist()
    assert all(sorted(order) == [0, 1, 2, 3, 4, 5] for order in orders)
    assert len(set(map(tuple, orders))) == 3


@pytest.mark.parametrize(
    ("algorithm", "policy", "kwargs"),
    [
        (RL2, "GruPolicy", {}),
        (L2RL, "LstmPolicy", {}),
        (VariBAD, "BeliefPolicy", {"policy_kwargs": {}, "vae_updates": 1}),
    ],
    ids=["RL2", "L2RL", "VariBAD"],
)
def test_the_first_step_climbs_advantages_and_entropy_and_fits_returns(algorithm, policy, kwargs):
    """At the acting policy PPO's gradient is the policy gradient, as A2C's always is."""
    agent = make(algorithm, policy, vf_coef=0.3, **kwargs)
    batch = agent.prepare(collected(agent), GAMMA)
    parameters = [part for part in agent.policy.parameters() if part.requires_grad]
    network = getattr(agent.policy, "act_on", agent.policy)  # VariBAD's, on beliefs

    def gradient(loss):
        parts = torch.autograd.grad(loss, parameters, allow_unused=True)
        return torch.cat([part.flatten() for part in parts if part is not None])

    params, value = network(batch.inputs)
    head, mask = agent.policy.head, batch.mask
    by_hand = -((head.log_prob(params, batch.actions) * batch.advantages) * mask).sum()
    by_hand = by_hand + 0.3 * ((value - batch.returns).square() * mask).sum()
    entropy = (head.entropy(params) * mask).sum()
    by_hand = (by_hand - value_at(agent.ent_coef, 0.0) * entropy) / mask.sum()
    found = gradient(agent.update.loss(batch, 0.0)[0])
    torch.testing.assert_close(found, gradient(by_hand), rtol=1e-4, atol=1e-6)
    assert losses.masked_mean(batch.advantages.abs(), mask) > 0.1
