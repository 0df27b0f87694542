"""Intrinsic rewards: what is new pays, training alone sees it, and checkpoints keep it."""

import numpy as np
import pytest
import torch

from agents import A2C, L2RL, RL2, VariBAD, evaluate
from agents.core.learning.intrinsic import Counts, Intrinsic
from tests.agents import small

ID, KWARGS = "meta/GridNavi-v0", {"steps": 4, "episodes_per_trial": 2}


def make(kind, cls=RL2, **more):
    policy = {"policy_kwargs": {"hidden_size": 8}, "preset": None, "n_envs": 4, "seed": 0}
    return cls(env=ID, env_kwargs=KWARGS, intrinsic=kind, **{**policy, **more})


def test_counts_pay_one_over_the_root_of_how_often():
    torch.manual_seed(0)
    counts, cells = Counts(9), torch.eye(9)
    assert torch.equal(counts(cells), torch.ones(9))
    counts.add(cells[[0, 0, 0, 0, 1]])
    assert torch.allclose(counts(cells[:3]), torch.tensor([0.5, 1.0, 1.0]))
    assert len(set(counts.hashes(cells).tolist())) == 9


@pytest.mark.parametrize("kind", ["rnd", "counts"])
def test_what_was_seen_pays_less_than_what_was_not(kind):
    torch.manual_seed(0)
    bonus, cells = Intrinsic(kind, 6, "cpu"), torch.eye(6)
    generator, mask = torch.Generator().manual_seed(0), torch.ones(1, 6)
    before = bonus.network(cells).detach()
    for _ in range(60):
        bonus.learn(cells[:3].repeat(20, 1), generator)
    left = bonus.network(cells).detach() / before
    assert left[:3].max() < 0.97 * left[3:].min()
    paid = bonus.pay(cells[None], mask, 0.9)[0]
    assert torch.allclose(paid, left * before / bonus.scale.scale)
    assert bonus.figures["intrinsic"] > 0


def test_a_step_is_paid_for_what_follows_and_the_last_one_is_not():
    agent = make("counts", policy="GruPolicy", intrinsic_coef=2.0)
    trials = agent._collect(lambda step: True)
    rewards = torch.zeros_like(trials.rewards)
    paid = agent.paid(trials, rewards, 0.9)
    assert (paid[:-1] == 2.0 / agent.curiosity.scale.scale).all(), "all are new at first"
    assert (paid[-1] == 0).all()
    again = agent.paid(trials, rewards, 0.9) * agent.curiosity.scale.scale / 2.0
    size = agent.policy.builder.observation_size
    cells = trials.inputs[1:, :, :size].flatten(0, 1).numpy()
    _, where, often = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    wanted = often[where.reshape(-1)].reshape(again[:-1].shape) ** -0.5
    np.testing.assert_allclose(again[:-1].numpy(), wanted, rtol=1e-5)


def test_its_weight_falls_and_returns_are_logged_without_it():
    agent = make("rnd", policy="GruPolicy")
    agent._total_timesteps, agent.num_timesteps = 100, 100
    trials = agent._collect(lambda step: True)
    assert torch.equal(agent.paid(trials, trials.rewards, 0.9), trials.rewards)
    assert trials.figures()["trial_rew_mean"] == float(trials.rewards.sum(dim=0).mean())


@pytest.mark.parametrize(
    ("cls", "policy", "kind"),
    [
        (RL2, "GruPolicy", "rnd"),
        (L2RL, "LstmPolicy", "counts"),
        (VariBAD, "BeliefPolicy", "counts"),
    ],
)
def test_checkpoints_keep_it_and_evaluate_never_sees_it(cls, policy, kind, tmp_path):
    agent = make(kind, cls, policy=policy).learn(32)
    agent.save(tmp_path / "agent.zip")
    loaded = cls.load(tmp_path / "agent.zip")
    ours, theirs = (each.curiosity.network.state_dict() for each in (agent, loaded))
    assert all(torch.equal(theirs[key], part) for key, part in ours.items())
    assert loaded.curiosity.state() == agent.curiosity.state() and agent.curiosity.state()["count"]
    assert agent.curiosity.figures["intrinsic"] > 0
    agent.save_weights(tmp_path / "small.zip", half=False)
    loaded.curiosity = None
    curves = [
        evaluate(each, ID, env_kwargs=KWARGS, num_tasks=5, seed=3).returns
        for each in (agent, loaded, cls.load(tmp_path / "small.zip"))
    ]
    assert np.array_equal(curves[0], curves[1]) and np.array_equal(curves[0], curves[2])


@pytest.mark.parametrize("name", ["A2C", "PPO", "IMPALA"])
def test_a_lifetime_is_paid_for_what_its_steps_led_to(name):
    given = {"intrinsic": "counts", "intrinsic_coef": 2.0, "env_kwargs": {"discrete": True}}
    agent = small.make(name, **given)
    stretch = agent._collect(lambda step: True)
    kept, steps = agent.loop.kept, agent.n_steps
    plain, after = kept.numbers["rewards"].copy(), kept.parts["inputs"][1:].clone()
    goes_on = kept.numbers["continues"].copy()
    seen = []
    agent.loop.learn_now = lambda: seen.append(kept.numbers["rewards"].copy())
    figures = agent.train(stretch)
    # nothing was counted before, so every step that led on is paid alike
    bonus = (seen[0] - plain)[:steps]
    unit = agent.curiosity.scale.scale
    np.testing.assert_allclose(bonus, 2.0 * goes_on[:steps] / unit, rtol=1e-5)
    assert 0 < goes_on.sum() < goes_on.size and figures["intrinsic"] > 0
    counted = agent.curiosity.network.counts.sum()
    assert counted == goes_on.sum() and after.shape[0] == steps
    new = evaluate(
        agent, "small/Nagging-v0", env_kwargs={"discrete": True}, num_tasks=1, steps=6, bins=2
    )
    assert agent.curiosity.network.counts.sum() == counted and np.isfinite(new.rewards).all()


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="'icm' is unknown; allowed are"):
        make("icm", policy="GruPolicy")
    with pytest.raises(ValueError, match="reads numbers, and the observation has frames"):
        RL2("GruPolicy", "meta/Catch-v0", env_kwargs={"pixels": True}, intrinsic="rnd")
    with pytest.raises(ValueError, match="reads numbers, and the observation has frames"):
        A2C("CnnPolicy", "meta/Catch-v0", env_kwargs={"pixels": True}, intrinsic="rnd")
