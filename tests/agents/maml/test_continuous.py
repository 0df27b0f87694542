"""ContinuousMAML: exact meta-gradients of pairs, importance weights, restarts, pairs of tasks."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import ContinuousMAML, evaluate
from agents.core.learning.adaptation import InnerRates, spread
from agents.core.learning.functional import Adam
from agents.maml.consecutive import PairCollector
from agents.maml.continuous import PairLoss, second_term
from agents.maml.episodes import side_by_side
from agents.maml.importance import effective_share, importance_weights
from agents.maml.losses import exploration_loss
from agents.maml.tracking import PPOTracking
from agents.maml.valued import ValuedEpisodes, ValuedLearner, ValuedPolicy
from tests.agents.maml import toys  # noqa: F401  registers toy/Push-v0
from tests.agents.maml.test_meta_gradients import differences, flat, played

ID = "toy/Push-v0"
SMALL: dict[str, Any] = {
    **{"n_envs": 8, "rows_per_task": 4, "seed": 0, "preset": None, "inner_lr": 0.1},
    "policy_kwargs": {"net_arch": (4,)},
}


def learner(first_order: bool = False, limit: float | None = None) -> ValuedLearner:
    box = spaces.Box(-1, 1, (1,), np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy = ValuedPolicy(box, box, net_arch=(2,)).double()
        torch.nn.init.normal_(policy.head.means.weight)
    policy.returns.moments[1:, 0] = torch.tensor([0.5, 4.0])
    rates = InnerRates(policy.parameters_by_name(), 0.3, "scalar", steps=3, learnt=True)
    return ValuedLearner(policy, rates, "logp", 0.9, 0.8, True, first_order, limit, 0.5)


def valued(who: Any, seed: int) -> ValuedEpisodes:
    made = played(who, seed)
    more = played(who, seed + 100)
    return ValuedEpisodes(**vars(made), returns=more.rewards, targets=more.advantages)


def rounds_of(who: Any, steps: int) -> list[ValuedEpisodes]:
    return [valued(who, seed) for seed in range(steps + 1)]


@pytest.mark.parametrize("limit", [None, 0.1])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_meta_gradient_of_pairs_equals_finite_differences(steps, limit):
    """Of policy, value network and the rates of every step, with both terms."""
    who = learner(limit=limit)
    loss, rounds = PairLoss(who, 0.7, 0.0, 0.5), rounds_of(who, steps)
    exact, _, _ = loss.gradient(rounds, 0.2)
    found = differences(loss, rounds, 0.2)
    torch.testing.assert_close(flat(exact), found, rtol=1e-6, atol=1e-8)
    of_rates = found[-3:].abs()
    assert (of_rates[:steps] > 1e-5).all() and not of_rates[steps:].any()
    start = spread(who.policy.parameters_by_name(), 3)
    moved = who.step(start, rounds[0], 0)
    step = max(float((moved[name] - start[name]).detach().abs().max()) for name in start)
    assert (step == pytest.approx(0.03)) == (limit is not None)  # clipped gradients times the rate


def test_a_detached_target_fails():
    """First-order steps, or actions before the adaptation without a gradient, are found out."""
    who = learner(first_order=True)
    loss, rounds = PairLoss(who, 0.7, 0.0, 0.5), rounds_of(who, 2)
    wanted = differences(PairLoss(learner(), 0.7, 0.0, 0.5), rounds, 0.2)
    assert (flat(loss.gradient(rounds, 0.2)[0]) - wanted).norm() > 0.01 * wanted.norm()
    without = flat(PairLoss(learner(), 0.0, 0.0, 0.5).gradient(rounds, 0.2)[0])
    assert (without - wanted).norm() > 0.01 * wanted.norm()


def test_the_second_term_is_a_policy_gradient_that_stops_at_the_clip_range():
    episodes, gains = valued(learner(), 0), torch.tensor([1.0, -1.0, 0.5]).double()
    for moved in (0.0, -1.0):
        log_prob = (episodes.log_prob + moved).requires_grad_()
        found, plain = (
            torch.autograd.grad(loss, log_prob)[0]
            for loss in (
                second_term(log_prob, episodes, gains, 0.2),
                exploration_loss(log_prob, episodes.weights, gains),
            )
        )
        if moved:  # what did badly is unlikely enough: plain log probabilities would go on
            assert not found[1].any() and found[0].any() and plain[1].any()
        else:
            torch.testing.assert_close(found, plain)


def test_importance_weights_by_hand():
    mask = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    old = torch.zeros(1, 2, 2)
    now = torch.log(torch.tensor([[[2.0, 0.25], [3.0, 7.0]]]))
    of_episodes = importance_weights(now, old, mask, "trajectory", 10.0)
    torch.testing.assert_close(of_episodes, torch.tensor([[[0.5, 0.5], [3.0, 0.0]]]))
    of_steps = importance_weights(now, old, mask, "step", 2.5)
    torch.testing.assert_close(of_steps, torch.tensor([[[2.0, 0.25], [2.5, 0.0]]]))
    for kind in ("trajectory", "step"):
        assert (importance_weights(now, now, mask, kind, 10.0) == mask).all()
        assert float(importance_weights(now + 500, old, mask, kind, 10.0).max()) < 10.001
    torch.testing.assert_close(effective_share(mask), torch.ones(1))
    torch.testing.assert_close(effective_share(of_episodes), torch.tensor([16 / (9.5 * 3)]))


def played_loop(agent: Any, episodes: int, rows: int = 4, tasks: int = 2) -> Any:
    """Play some episodes with an agent's execution loop; return it with what it has stored."""
    venv: Any = gym.make_vec(ID, num_envs=rows * tasks)
    loop = agent.inner_loop(venv, rows, seed=3)
    from agents.core.evaluation.play import Play

    Play(venv, loop, rows, deterministic=False).episodes(5, episodes)
    return loop


def test_weights_are_one_where_the_initial_policy_played_and_the_step_is_plain():
    agent = ContinuousMAML("MlpPolicy", ID, inner_steps=1, **SMALL)
    loop = played_loop(agent, 1)
    loop.learn_now()
    assert (loop.figures["effective_sample_size"] == 1.0).all()
    first = [loop._recent[task][0] for task in range(2)]
    start = spread({k: p.detach() for k, p in agent.policy.parameters_by_name().items()}, 1)
    for task, episodes in enumerate(first):
        weights = loop._weights(start, episodes)
        torch.testing.assert_close(weights, episodes.mask, rtol=1e-5, atol=1e-6)
        plain = agent.learner.step(start, episodes, 0)
        for name, part in plain.items():
            torch.testing.assert_close(loop.parameters[name][task], part[0])


def test_it_restarts_and_learns_the_last_episodes_again():
    agent = ContinuousMAML("MlpPolicy", ID, inner_steps=2, buffer_episodes=2, **SMALL)
    loop = played_loop(agent, 3)
    loop.learn_now()
    assert [len(recent) for recent in loop._recent] == [2, 2]
    for task in range(2):
        episodes = side_by_side([*loop._recent[task]])
        assert episodes.mask.shape[:2] == (1, 8)
        own = spread({k: p.detach() for k, p in agent.policy.parameters_by_name().items()}, 1)
        for step in range(2):
            _, log_prob = agent.learner.evaluate(own, episodes)
            ratio = (log_prob - episodes.log_prob).sum(dim=2, keepdim=True).detach().exp()
            weighted = replace(episodes, advantages=episodes.advantages * ratio.clamp(max=10.0))
            own = agent.learner.step(own, weighted, step)
        for name, part in own.items():
            torch.testing.assert_close(loop.parameters[name][task], part[0])
    assert (loop.figures["effective_sample_size"] < 1.0).all()
    loop.reset(np.arange(4))  # the first task
    assert len(loop._recent[0]) == 0 and len(loop._recent[1]) == 2
    for name, part in agent.policy.parameters_by_name().items():
        assert (loop.parameters[name][0] == part).all()


def test_without_a_restart_it_goes_on_from_what_it_has_learnt():
    agent = ContinuousMAML("MlpPolicy", ID, inner_steps=2, restart=False, **SMALL)
    loops = [played_loop(agent, episodes) for episodes in (1, 2, 3)]
    own = spread({k: p.detach() for k, p in agent.policy.parameters_by_name().items()}, 2)
    for step, loop in enumerate(loops):  # the same seeds: each plays what the one before played
        scale = 0.5 if step == 2 else 1.0  # `later_inner_lr`, beyond the steps of training
        episodes = loop.learner.prepare_with(loop.store.take(np.arange(2)), own)
        own = agent.learner.step(own, episodes, step, scale)
        again = played_loop(agent, step + 1)
        again.learn_now()
        for name, part in own.items():
            torch.testing.assert_close(again.parameters[name], part)


def test_advantages_are_over_the_acting_value_network():
    who = learner()
    made = played(who, 0)
    taken = {name: getattr(made, name) for name in ("inputs", "actions", "params", "rewards")}
    parameters = spread({k: p.detach() for k, p in who.policy.parameters_by_name().items()}, 3)
    parameters = {k: p.clone() for k, p in parameters.items()}
    parameters["critic.layers.1.bias"][1] += 1.0  # deviations: 2 in rewards
    plain = replace(who, normalize_advantage=False)
    found = plain.prepare_with({**taken, "mask": made.mask}, parameters)
    values = 0.5 + 2.0 * who.values(parameters, made).detach()
    for task, row, length in ((0, 1, 3), (1, 0, 5)):
        reward, value = made.rewards[task, row], values[task, row]
        carried = 0.0
        for time in reversed(range(length)):
            after = value[time + 1] if time + 1 < length else 0.0
            carried = reward[time] + 0.9 * after - value[time] + 0.9 * 0.8 * carried
            assert float(found.advantages[task, row, time]) == pytest.approx(float(carried))
            implied = float(carried + value[time])
            assert float(found.targets[task, row, time]) == pytest.approx((implied - 0.5) / 2)
    assert not found.advantages[0, 1, 3:].any() and not found.targets[0, 1, 3:].any()


def test_pairs_are_consecutive_and_from_everywhere_in_a_trial():
    env = "meta/Thrusters-v0"
    agent = ContinuousMAML("MlpPolicy", env, env_kwargs={"max_episode_steps": 2}, **SMALL)
    collector = PairCollector(agent.venv, agent.inner_loop(agent.venv, 4, 0, True), 4, None)
    seen = []
    for seed in range(60):
        first, second = collector.pairs(seed)
        assert (first["pair"] == second["pair"]).all()
        np.testing.assert_allclose(first["factor"] - second["factor"], 1 / 6, atol=1e-9)
        seen += first["factor"].tolist()
    numbers = np.bincount(np.round(np.array(seen) * 6).astype(int), minlength=7)
    assert numbers[0] == 0 and (numbers[1:] > 6).all()
    pinned: list[Any] = []
    collector.pin = lambda tasks: pinned.append(tasks)  # type: ignore[method-assign]
    first, second = collector.pairs(1)
    collector.collect(1, 2, 4)
    for tasks, wanted in zip(pinned, [first] * 3 + [second], strict=True):
        assert all((tasks[key] == wanted[key]).all() for key in wanted)


def test_tracking_is_adam_on_each_task_from_where_it_was():
    agent = PPOTracking("MlpPolicy", ID, tracking_epochs=3, tracking_lr=0.01, **SMALL)
    loop = played_loop(agent, 2)
    twin = copy.deepcopy(agent.policy)
    seen = loop.store.take(np.array([0, 1])), {k: p.clone() for k, p in loop.parameters.items()}
    episodes = loop.learner.prepare_with(*seen)
    moved = [(seen[1][k][1] - p).abs().max() for k, p in twin.state_dict().items() if k in seen[1]]
    assert max(moved) > 0.02
    adam, steps = Adam(eps=1e-5), {k: s["steps"].tolist() for k, s in loop._moments.items()}
    assert all(step == [3, 3] for step in steps.values())
    one = {name: part[1:].clone() for name, part in seen[1].items()}
    moments = {k: {n: p[1:].clone() for n, p in s.items()} for k, s in loop._moments.items()}
    loop._track(np.array([0, 1]), episodes)
    for _ in range(3):
        one = {name: part.requires_grad_() for name, part in one.items()}
        mine = episodes.tasks([1])
        _, log_prob = agent.learner.evaluate(one, mine)
        ratio = (log_prob - mine.log_prob).exp()
        least = torch.minimum(ratio * mine.advantages, ratio.clamp(0.8, 1.2) * mine.advantages)
        error = (agent.learner.values(one, mine) - mine.targets).square()
        total = ((0.5 * error - least) * mine.weights).sum()
        gradients = torch.autograd.grad(total, list(one.values()))
        for (name, part), gradient in zip([*one.items()], gradients, strict=True):
            one[name], moments[name] = adam.step(part.detach(), gradient, moments[name], 0.01)
    for name, part in one.items():
        torch.testing.assert_close(loop.parameters[name][1], part[0], rtol=1e-4, atol=1e-6)
    loop.reset()
    assert not any(part.any() for state in loop._moments.values() for part in state.values())


@pytest.mark.parametrize(
    ("made", "wrong", "words"),
    [
        (ContinuousMAML, {"outer": "trpo"}, "outer='trpo': ContinuousMAML has 'ppo' alone"),
        (ContinuousMAML, {"estimator": "lvc"}, "estimator='lvc'"),
        (ContinuousMAML, {"iw": "row"}, "iw='row' is unknown"),
        (ContinuousMAML, {"iw_clip": 0.0}, "iw_clip=0.0 must be above 0"),
        (ContinuousMAML, {"inner_grad_clip": -1.0}, "inner_grad_clip=-1.0"),
        (PPOTracking, {"inner_steps": 1}, "inner_steps=1: PPOTracking adapts by PPO"),
    ],
)
def test_wrong_arguments_are_named(made, wrong, words):
    with pytest.raises(ValueError, match=words):
        made("MlpPolicy", ID, **{**SMALL, **wrong})


def test_it_learns_to_adapt():
    """Which way to push is known after one episode of four rows; the rate grows from .1."""
    given = {**SMALL, "n_envs": 80, "inner_steps": 1, "learning_rate": 0.02, "iw": "step"}
    agent = ContinuousMAML("MlpPolicy", ID, **given)
    agent.learn(80 * 2 * 4 * 24)
    before, after = evaluate(agent, ID, num_tasks=40, rows_per_task=4, seed=1).mean()
    assert abs(before) < 1.0 and after > 3.0  # of 4
    assert float(agent.learner.rates.rates[0][0]) > 0.5
