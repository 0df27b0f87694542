"""In-context learning off policy: targets, filter and causality by hand, gradients, learning."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import InContext, evaluate
from agents.in_context import losses
from agents.in_context.networks import Critics, SquashedHead
from agents.in_context.update import Kept
from tests.agents import small, toys  # noqa: F401  register small/... and toy/...

GUESS, NAGGING = "toy/Guess-v0", "small/Nagging-v0"

TINY = {
    **{"hidden_size": 16, "embedding_sizes": (16,), "critic_size": 32},
    "core_kwargs": {"n_layers": 1},
}


def made(discrete: bool = True, **given: Any) -> InContext:
    return small.make("InContext", NAGGING, env_kwargs={"discrete": discrete}, **given)


def kept(agent: InContext, lengths: tuple[int, ...] = (4, 2)) -> Kept:
    """Return trials of random numbers."""
    random = torch.Generator().manual_seed(3)
    shape = max(lengths), len(lengths)
    mask = (torch.arange(shape[0])[:, None] < torch.tensor(lengths)).float()
    inputs = torch.randn(*shape, agent.policy.builder.size, generator=random)
    rewards = torch.randn(shape, generator=random) * mask
    if agent.policy.discrete:
        actions = torch.randint(2, shape, generator=random)
    else:
        actions = 1.8 * torch.rand(*shape, 1, generator=random) - 0.9
    return Kept(inputs, actions, rewards, mask)


def test_targets_of_several_discounts_end_with_the_trial() -> None:
    rewards = torch.tensor([[1.0, 5.0], [2.0, 6.0], [3.0, 0.0]])
    continues = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    following = torch.tensor([[[10.0, 20.0], [30.0, 99.0]], [[1.0, 2.0], [3.0, 99.0]]])
    found = losses.multi_gamma_targets(rewards, following, continues, torch.tensor([0.5, 0.1]))
    wanted = [[[6.0, 15.0], [17.0, 6.0], [3.0, 0.0]], [[1.1, 5.2], [2.3, 6.0], [3.0, 0.0]]]
    torch.testing.assert_close(found, torch.tensor(wanted))
    values = torch.tensor([[[1.0, 5.0], [2.0, 4.0], [0.0, 9.0]]])  # [G, C, ...]
    assert losses.pessimistic(values, torch.tensor([0, 1])).tolist() == [[1.0, 4.0]]


def test_only_better_actions_are_imitated() -> None:
    log_prob = torch.tensor([[[-1.0, -2.0], [-3.0, -4.0]]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    advantages = torch.tensor([[[0.5, -0.1], [0.2, 7.0]]])
    loss = losses.filtered_cloning(log_prob, advantages, mask)
    assert loss.item() == pytest.approx((1.0 + 3.0) / 3)
    (gradient,) = torch.autograd.grad(loss, log_prob)
    torch.testing.assert_close(gradient, -torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]) / 3)


def test_errors_and_gains_count_in_units_of_each_discounts_scale() -> None:
    mask, scales = torch.tensor([[1.0], [0.0]]), torch.tensor([2.0, 4.0])
    values = torch.tensor([[[[3.0], [9.0]]], [[[8.0], [9.0]]]])  # [G, C, T, B]
    targets = torch.zeros(2, 2, 1)
    found = losses.critic_loss(values, targets, scales, mask)
    assert found.item() == pytest.approx((1.5**2 + 2.0**2) / 2)
    assert losses.policy_gain(values, scales, mask).item() == pytest.approx((1.5 + 2.0) / 2)
    targets = torch.tensor([[[1.0], [3.0]], [[5.0], [5.0]]])
    assert losses.spread_of(targets, torch.ones(2, 1)).tolist() == [1.0, 0.0]


def test_critics_of_one_product_are_separate_networks() -> None:
    torch.manual_seed(0)
    critics = Critics(3, 5, 2, 2, 3)
    x = torch.randn(4, 3)
    whole = critics(x)
    assert whole.shape == (2, 3, 4, 2)
    (first, last), (before, after) = critics.weights, critics.biases
    hidden = torch.relu(x @ first[1, 2] + before[1, 2])
    torch.testing.assert_close(whole[1, 2], hidden @ last[1, 2] + after[1, 2])
    torch.testing.assert_close(critics(x, last=True), whole[1:])
    torch.testing.assert_close(critics(x.expand(2, 4, 3)), whole)


def test_a_squashed_head_has_the_density_of_what_it_draws() -> None:
    space: Any = gym.spaces.Box(-2.0, 6.0, (1,), np.float32)
    head = SquashedHead(space, 2)
    params = torch.tensor([0.3, -0.5])
    grid = torch.linspace(-0.9995, 0.9995, 4001)
    density = head.log_prob(params.expand(4001, 2), (2.0 + 4.0 * grid)[:, None]).exp()
    assert torch.trapezoid(density, grid).item() == pytest.approx(1.0, abs=2e-3)
    noise = torch.tensor([0.7])
    unit = torch.tanh(0.3 + torch.tensor(-0.5).exp() * noise)
    torch.testing.assert_close(head.sample(params, noise), 2.0 + 4.0 * unit)
    torch.testing.assert_close(head.unit(torch.tensor([2.0])), torch.zeros(1))


@pytest.mark.parametrize("discrete", [True, False])
def test_nothing_sees_what_comes_later_and_trials_do_not_mix(discrete: bool) -> None:
    agent = made(discrete)
    policy, trials = agent.policy, kept(agent)
    params, values = policy(trials.inputs)
    changed = trials.inputs.clone()
    changed[2:, 0] += 1.0
    again, others = policy(changed)
    torch.testing.assert_close(again[:2], params[:2])
    torch.testing.assert_close(others[:, 1], values[:, 1])
    assert not torch.allclose(again[2:, 0], params[2:, 0])
    state, each = policy.initial_state(2), []
    for step in trials.inputs:  # one by one as in whole
        shown, _, state = policy.step(step, state)
        each.append(shown)
    torch.testing.assert_close(torch.stack(each), params, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("discrete", [True, False])
def test_each_loss_changes_what_it_is_to_change(discrete: bool) -> None:
    """Critics learn from their errors alone; the policies' gain passes through fixed critics."""
    agent = made(discrete)
    trials, updater = kept(agent), agent.updater
    generator = torch.Generator().manual_seed(0)
    found = updater.losses(trials, generator)
    policy = agent.policy
    parts = {
        "critics": list(policy.critics.parameters()),
        "actors": list(policy.actors.parameters()),
        "trunk": list(policy.trunk.parameters()),
    }

    def moved(figure: str) -> set[str]:
        gradients = {
            name: torch.autograd.grad(found[figure], part, retain_graph=True, allow_unused=True)
            for name, part in parts.items()
        }
        return {
            name
            for name, many in gradients.items()
            if any(one is not None and one.abs().sum() > 0 for one in many)
        }

    assert moved("critic_loss") == {"critics", "trunk"}
    assert moved("policy_gain") == {"actors", "trunk"}
    assert "critics" not in moved("cloning_loss")


def test_targets_are_those_of_the_slow_copies() -> None:
    agent = made(critics_asked=9)  # more than there are: all are asked
    trials, updater, policy = kept(agent), agent.updater, agent.policy
    features = policy.features(trials.inputs).detach()
    with torch.no_grad():
        for part in policy.slow.parameters():
            part.mul_(1.3)
    found = updater.targets(features, trials, torch.Generator())
    after = features[1:]
    chances = policy.slow["actors"](after).exp()  # type: ignore[operator]
    asked = policy.values(policy.slow["critics"], after, None)  # type: ignore[arg-type]
    least = (chances[:, None] * asked).sum(dim=-1).amin(dim=1)
    assert found[1, 0, 1].item() == pytest.approx(
        (trials.rewards[0, 1] + 0.9 * least[1, 0, 1]).item(), rel=1e-5
    )
    assert found[0, 1, 1].item() == pytest.approx(trials.rewards[1, 1].item())
    assert found.requires_grad is False


def test_it_remembers_which_arm_pays() -> None:
    """Knowing nothing earns 4 of 8, remembering the first pull 7.5."""
    agent = InContext(
        *("TransformerPolicy", GUESS),
        **{"n_envs": 64, "gradient_steps": 8, "batch_size": 16, "learning_rate": 5e-3},
        **{"gammas": (0.5, 0.9), "exploration_fraction": 0.6, "preset": None, "seed": 0},
        policy_kwargs=TINY,
    )
    agent.learn(64 * 8 * 8, log_interval=None)
    found = evaluate(agent, GUESS, num_tasks=400, deterministic=True)
    assert found.total()[0] > 7.5 - 0.15


def test_a_target_is_reached_with_continuous_actions() -> None:
    """Rewards are a tenth of the action beside a constant: the largest action is the best."""
    agent = made(
        False,
        **{"n_envs": 32, "gradient_steps": 8, "batch_size": 8, "learning_rate": 5e-3},
        policy_kwargs=TINY,
    )
    agent.learn(32 * 6 * 5, log_interval=None)
    loop = agent.inner_loop(agent.venv, seed=0)
    shown = agent.venv.reset(seed=0)[0]
    assert loop.act(shown, deterministic=True).mean() > 0.5


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gammas=\(\) holds no discount"):
        made(gammas=())
    with pytest.raises(ValueError, match="cannot hold a whole trial of 50 steps"):
        small.make("InContext", "meta/BernoulliBandit-v0", env_kwargs={"pulls": 50}, buffer_size=49)
    with pytest.raises(TypeError, match="allowed: Discrete, float Box"):
        space: Any = gym.spaces.MultiBinary(3)
        agent = made()
        type(agent.policy)(agent.observation_space, space)


def test_frames_are_kept_as_bytes_and_steps_are_the_whole_trial() -> None:
    kwargs = {"width": 16, "height": 12, "steps": 3}
    more = {"frame_features": 4, **TINY}
    agent: Any = small.make(
        "InContext", "meta/SignNavigation-v0", env_kwargs=kwargs, policy_kwargs=more
    )
    before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
    agent.learn(1, log_interval=None)
    after = agent.policy.state_dict()
    assert any(not torch.equal(before[key], after[key]) for key in after if "frames." in key)
    assert agent.replay.arrays["inputs"].dtype == np.uint8
    fields, mask = agent.replay.sample_trials(np.zeros(3, np.int64), np.random.default_rng(0))
    inputs, state = torch.from_numpy(fields["inputs"]), agent.policy.initial_state(3)
    params, values = agent.policy(inputs)
    for t, row in enumerate(inputs):
        now, value, state = agent.policy.step(row, state)
        torch.testing.assert_close(now, params[t], rtol=0, atol=1e-5)
        torch.testing.assert_close(value, values[t], rtol=0, atol=1e-5)
    assert mask.shape == values.shape
