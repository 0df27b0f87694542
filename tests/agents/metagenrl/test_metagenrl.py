"""MetaGenRL: its meta-gradient is exact, learners keep what they should, and it goes elsewhere."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import MetaGenRL, MetaGenRLLearner, Step, evaluate
from agents.core.lifetimes.rule import Unroll
from agents.core.play.replay import TaskReplay
from agents.metagenrl.rule import ObjectiveRule

PENDULUM = "meta/RandomPendulum-v0"
_SMALL = {
    **{"n_steps": 4, "window": 3, "batch_size": 2, "buffer_size": 40, "updates_per_step": 0.5},
    **{"random_steps": 4, "policy_kwargs": {"net_arch": [5], "activation": "relu"}},
}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env=PENDULUM, **more):
    given = {**{"n_envs": 2, "seed": 0, "preset": None, "anneal_steps": 8}, **_SMALL}
    return MetaGenRL("MlpPolicy", env, **{**given, **more})


def drawn(seed=0, learners=2, windows=2, steps=3, inputs=3, actions=1):
    random = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(steps, learners, windows, *shape, generator=random, dtype=torch.float64)

    continues = (draw() > -1).double()
    return {
        **{"inputs": draw(inputs), "actions": draw(actions).tanh(), "rewards": draw()},
        **{"alive": continues, "continues": continues, "next_inputs": draw(inputs)},
    }


def doubled(agent, learners=2):
    """Return the agent's rule and new learners, in float64, whose objective is far from flat."""
    agent.objective.double()
    rule = agent.bodies[0].rule
    born = {k: v.double() for k, v in rule.begin(range(learners)).items()}
    random = torch.Generator().manual_seed(2)
    noise = torch.randn(born["policy"].shape, generator=random, dtype=torch.float64)
    ten = torch.full((learners,), 10.0, dtype=torch.float64)
    return rule, {
        **born, "policy": born["policy"] + 0.5 * noise, "rewards": ten, "reward_squares": ten
    }  # fmt: skip


def error(agent, step=1e-6):
    """Return how far the meta-gradient along a direction is from finite differences."""
    rule, learners = doubled(agent)
    flat, windows = agent.objective.flat, drawn()
    (grad,) = torch.autograd.grad(rule.meta_loss(learners, windows).mean(), flat)
    random = torch.Generator().manual_seed(3)
    along = torch.randn(grad.shape, generator=random, dtype=torch.float64)
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            flat += sign * step * along
        values.append(float(rule.meta_loss(learners, windows).mean().detach()))
        with torch.no_grad():
            flat -= sign * step * along
    expected = (values[0] - values[1]) / (2 * step)
    return abs(float(grad @ along) - expected) / abs(expected)


def test_the_meta_gradient_is_that_of_finite_differences():
    assert error(make(inner_learning_rate=1.0)) < 1e-5


def test_a_policy_whose_way_to_the_objective_is_cut_fails(monkeypatch):
    agent = make(inner_learning_rate=1.0)
    chosen, calls = ObjectiveRule.chosen, []

    def cut(self, policy, inputs):
        calls.append(policy)
        found = chosen(self, policy, inputs)
        last = len(calls) % 5 == 0  # of a meta-loss: the action of the policy after its step
        return chosen(self, policy.detach() + 0.0 * policy, inputs) if last else found

    monkeypatch.setattr(ObjectiveRule, "chosen", cut)
    assert error(agent) > 1e-2 and len(calls) == 15


def test_an_objective_learns_what_a_critic_values_and_teaches_it_to_others():
    agent = make(inner_learning_rate=0.1, objective_learning_rate=1e-2)
    rule = agent.bodies[0].rule

    def born(first):
        learners, ten = rule.begin(range(first, first + 4)), torch.full((4,), 10.0)
        critic = rule.critics.begin([7]).expand(4, -1, -1)  # all critics are alike
        return {**learners, "critic": critic, "rewards": ten, "reward_squares": 1e-4 * ten}

    def windows(seed):
        found = {k: v.float() for k, v in drawn(seed, learners=4, windows=8).items()}
        return {**found, "rewards": 0.01 * found["rewards"]}

    def gains():
        """Return what a step on the objective adds to values, of policies it never met."""
        learners, seen = born(1000), windows(1000)
        return -rule.meta_loss(learners, seen).detach() * rule.inner_learning_rate * 0.01

    first = gains()
    for number in range(20):
        loss = rule.meta_loss(born(4 * number), windows(number)).mean()
        agent.optimizer.zero_grad()
        loss.backward()
        agent.optimizer.step()
    assert (gains() > 0.05).all() and gains().mean() > 2 * first.mean()


def test_the_objective_takes_means_over_action_numbers_in_any_order():
    objective = make().objective
    one = {k: v.float() for k, v in drawn(actions=3).items()}
    chosen, others = one["actions"].flip(0), torch.stack([one["rewards"]] * 3, dim=-1)
    found = objective(one["actions"], chosen, others, one["continues"])
    order = [2, 0, 1]
    again = objective(one["actions"][..., order], chosen[..., order], others, one["continues"])
    torch.testing.assert_close(found, again)
    twice = [torch.cat([part, part], dim=-1) for part in (one["actions"], chosen)]
    torch.testing.assert_close(found, objective(*twice, others, one["continues"]))
    assert found.std() > 0


def test_the_objective_of_a_step_sees_the_future_of_its_episode_only():
    objective = make().objective
    one = {k: v.float() for k, v in drawn(steps=4).items()}
    continues = torch.ones(4, 2, 2)
    continues[1] = 0.0
    others = torch.stack([one["rewards"]] * 3, dim=-1)

    def found(more):
        return objective(one["actions"], one["actions"] / 2, others + more, continues)

    for at, sees in ((0, [0]), (1, [0, 1]), (3, [2, 3])):
        more = torch.zeros(4, 1, 1, 1)
        more[at] = 1.0
        apart = (found(more) - found(0.0)).abs().amax(dim=(1, 2)) > 0
        assert apart.nonzero().flatten().tolist() == sees


def test_critics_go_to_td3s_target():
    agent = make()
    rule, learners = doubled(agent)
    windows = drawn()
    noise = torch.full((3, 2, 2, 1), 9.0, dtype=torch.float64)  # 1.8, cut at 0.5
    flat = {k: v.transpose(0, 1).flatten(1, 2) for k, v in windows.items()}
    after = (rule.chosen(learners["slow_policy"], flat["next_inputs"]) + 0.5).clamp(-1, 1)
    values = rule.critics.forward(learners["slow_critic"], flat["next_inputs"], after)
    target = flat["rewards"] + rule.gamma * flat["alive"] * torch.minimum(*values.unbind(dim=1))
    found = rule.critics.forward(learners["critic"], flat["inputs"], flat["actions"])
    expected = (found - target[:, None]).square().mean(dim=2).sum(dim=1)
    _, figures = rule.critic_step(learners, windows, noise)
    torch.testing.assert_close(figures["critic_loss"], expected)
    for _ in range(100):
        learners, later = rule.critic_step(learners, windows, noise)
    assert (later["critic_loss"] < 0.7 * expected).all()


def test_without_an_objective_policies_climb_their_critics():
    agent = make()
    rule, learners = doubled(agent)
    rule = ObjectiveRule(**{**vars(rule), "objective": None})
    windows = drawn()
    before = rule.value(learners, learners["policy"], windows).mean(dim=1)
    fixed = {name: learners[name] for name in ("critic", "slow_critic")}
    for _ in range(20):
        improved, _ = rule.improve({**learners, **fixed}, windows, torch.zeros(3, 2, 2, 1), 0)
        learners = {**improved, **fixed}
    after = rule.value(learners, learners["policy"], windows).mean(dim=1)
    assert (after > before).all()


def test_what_is_kept_of_a_step_has_its_true_successor():
    rule = make().bodies[0].rule
    shape = (3, 1, 1)
    cut, alive = torch.zeros(shape), torch.ones(shape)
    cut[1], alive[0] = 1.0, 0.0
    unroll = Unroll(
        inputs=torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 1, 3),
        actions=torch.zeros(*shape, 1), rewards=torch.ones(shape), alive=alive,
        continues=alive * (1 - cut), mask=torch.ones(shape), record={"flat": torch.ones(*shape, 1)},
        cut=cut, cut_inputs=torch.full((*shape, 3), 9.0),
    )  # fmt: skip
    kept = rule.steps_of(unroll)
    assert kept["next_inputs"][:, 0, 0, 0].tolist() == [1.0, 9.0, 3.0]
    assert kept["alive"].flatten().tolist() == [0.0, 1.0, 1.0]
    assert kept["continues"].flatten().tolist() == [0.0, 0.0, 1.0]


def test_windows_are_consecutive_also_where_the_ring_begins_anew():
    replay, rng = TaskReplay(2, 7, {"number": ()}), np.random.default_rng(0)
    for task in range(2):
        for first in (0, 5):
            numbers = np.arange(first, first + 5, dtype=np.float32) + 100 * task
            replay.add(task, {"number": numbers}, recent=False)
    tasks = rng.integers(2, size=(3, 40))
    found = replay.take(replay.draw_windows(tasks, 4, rng))["number"]
    assert (np.diff(found, axis=-1) == 1).all() and found.shape == (3, 40, 4)
    assert np.array_equal(found[..., 0] >= 100, tasks == 1)
    assert set((found % 100).astype(int).ravel()) == set(range(3, 10))
    with pytest.raises(ValueError, match=r"tasks \[0, 1\] have fewer than 8"):
        replay.draw_windows(tasks, 8, rng)


def test_first_actions_are_anywhere_and_later_ones_near_the_policys():
    rule = make(random_steps=5, exploration=0.01).bodies[0].rule
    learners = {**rule.begin([0, 1]), "steps": torch.tensor([4.0, 5.0])}
    noise = torch.randn(2, 4000, 1, generator=torch.Generator().manual_seed(0))
    inputs = torch.zeros(2, 4000, 3)
    acted = rule.act(learners, inputs, None, noise)
    flat, wanted = acted.record["flat"], rule.chosen(learners["policy"], inputs)
    assert flat.abs().max() <= 1 and abs(float(flat[0].mean())) < 0.05
    assert abs(float(flat[0].var()) - 1 / 3) < 0.02
    assert (flat[1] - wanted[1]).std() < 0.011
    torch.testing.assert_close(acted.actions, 2 * flat)  # torques of -2 to 2


def test_learners_improve_alike_beside_others_and_alone():
    agent = make()
    venvs = [gym.make_vec(PENDULUM, num_envs=count) for count in (3, 1)]
    loops = [agent.inner_loop(venv, 1, seed) for venv, seed in zip(venvs, (5, 6), strict=True)]
    seen = venvs[0].reset(seed=5)[0]
    for _ in range(12):
        actions = [loops[0].act(seen), loops[1].act(seen[1:2])]
        np.testing.assert_allclose(actions[0][1], actions[1][0], rtol=1e-4, atol=1e-5)
        after, reward, ended, cut, _ = venvs[0].step(actions[0])
        whole = Step(seen, actions[0], reward, ended, cut, after, {})
        loops[0].observe(whole)
        one = slice(1, 2)
        loops[1].observe(
            Step(seen[one], actions[1], reward[one], ended[one], cut[one], after[one], {})
        )
        seen = after
    assert loops[0].figures.keys() == loops[1].figures.keys() != set()


def test_other_bodies_learn_with_it_and_it_goes_elsewhere(tmp_path):
    more = {"more_envs": ["meta/PointGoal-v0"], "random_steps": 0}
    agent = make(**more).learn(64, log_interval=None)
    assert agent.num_timesteps == 64 and len(agent.bodies) == 2
    assert [body.loop.replay.size.tolist() for body in agent.bodies] == [[16, 16], [16, 16]]
    assert not torch.equal(agent.objective.flat, make(**more).objective.flat)
    agent.save(tmp_path / "agent")
    again = MetaGenRL.load(tmp_path / "agent")
    for one in (agent, again):
        one.learn(32, reset_num_timesteps=False, log_interval=None)
    assert torch.equal(agent.objective.flat, again.objective.flat)
    learner = agent.make_learner("meta/PointGoal-v0").learn(12)
    assert torch.equal(learner.objective.flat, agent.objective.flat)
    learner.save(tmp_path / "learner")
    other = MetaGenRLLearner.load(tmp_path / "learner")
    for one in (learner, other):
        one.learn(12, reset_num_timesteps=False)
    assert torch.equal(learner.loop.learners["policy"], other.loop.learners["policy"])
    curve = evaluate(agent, "meta/PointGoal-v0", steps=8, bins=2, num_tasks=2)
    assert curve.returns.shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "words", "error"),
    [
        ({"env": "CartPole-v1"}, "MetaGenRL takes Boxes of floats", TypeError),
        ({"n_envs": 3, "rows_per_task": 2}, "use e.g. n_envs=2", ValueError),
        ({"buffer_size": 2}, "shorter than window=3", ValueError),
        ({"more_envs": ["CartPole-v1"]}, "MetaGenRL takes Boxes of floats", TypeError),
    ],
)
def test_bad_arguments_are_refused_in_words(arguments, words, error):
    with pytest.raises(error, match=words):
        make(**arguments)
