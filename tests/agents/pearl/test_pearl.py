"""PEARL: what it keeps and infers, who teaches the encoder, resuming, bad input."""

from __future__ import annotations

from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import PEARL, Step, evaluate
from agents.core.nets.encoders import kl_to_prior
from tests.agents import toys  # noqa: F401  registers toy/Lengths-v0
from tests.agents.core.test_algorithm import same

SMALL = {
    "n_envs": 4, "n_train_tasks": 3, "n_initial_episodes": 2, "n_prior_episodes": 1,
    "n_posterior_episodes": 1, "n_extra_episodes": 1, "gradient_steps": 3, "meta_batch_size": 2,
    "batch_size": 5, "context_batch_size": 4, "buffer_size": 3000, "seed": 3, "preset": None,
    "policy_kwargs": {"net_arch": (8,), "encoder_arch": (8,), "latent_size": 2},
}  # fmt: skip


def make(env="meta/PointGoal-v0", **kwargs):
    return PEARL("MlpPolicy", env, **{**SMALL, **kwargs})


def test_without_its_buffer_a_checkpoint_is_small_and_training_fills_a_new_one(tmp_path):
    agent = make(save_replay_buffer=False).learn(400)
    agent.save(tmp_path / "a.zip")
    again = PEARL.load(tmp_path / "a.zip")
    assert same(again, agent) and not again.replay.written.any()
    before = again.num_timesteps
    again.learn(1, reset_num_timesteps=False)
    assert (again.replay.size > 0).all() and again.num_timesteps > before


def test_the_buffer_holds_what_was_played_in_each_task():
    """The dense reward is computable: the task's goal and the place reached say it."""
    agent = make("meta/SparsePoint-v0", train_reward="dense_reward", n_envs=2)
    agent.learn(1)
    replay = agent.replay
    assert replay.written.sum() == agent.num_timesteps == 20 * (2 * 4 + 2 * 3)
    played = np.sort(replay.written)
    assert played.tolist() == [40, 100, 140] or played.tolist() == [80, 100, 100]
    arrays = replay.arrays
    for task in range(3):
        angle, kept = agent.train_tasks["angle"][task], slice(0, replay.size[task])
        reached = arrays["next_inputs"][task, kept]
        distance = np.hypot(reached[:, 0] - np.cos(angle), reached[:, 1] - np.sin(angle))
        np.testing.assert_allclose(arrays["rewards"][task, kept], -distance, rtol=1e-4)
        sparse = np.where(distance <= 0.2, 1.0 - distance, 0.0)
        np.testing.assert_allclose(arrays["context_rewards"][task, kept], sparse, atol=1e-6)
        moved = arrays["inputs"][task, kept] + 0.1 * arrays["actions"][task, kept]
        np.testing.assert_allclose(moved, reached, atol=1e-5)
        assert not arrays["terminated"][task].any(), "a cut is no end"
        assert (arrays["inputs"][task, kept][::20] == 0).all(), "episodes are in order"


def test_contexts_are_recent_and_without_the_extra_episodes():
    agent = make(n_envs=3)
    agent.learn(1)
    first = agent.replay.recent_size
    assert first.tolist() == [40] * 3  # a prior and a posterior episode; extra and initial ones not
    written = agent.replay.written.copy()
    agent.learn(1, reset_num_timesteps=False)
    assert agent.replay.recent_size.tolist() == [40] * 3
    assert (agent.replay.written == written + 60).all()
    recent = agent.replay.sample_recent(np.arange(3), 400, np.random.default_rng(0))["inputs"]
    for task in range(3):
        newest = agent.replay.arrays["inputs"][task, written[task] : written[task] + 40]
        assert {*map(tuple, recent[task])} == {*map(tuple, newest)}


def test_training_tasks_are_drawn_once_from_the_split(tmp_path):
    agent = make(n_train_tasks=7)
    goals = agent.train_tasks["goal"]
    train = {tuple(task["goal"]) for task in agent.venv.tasks_in_split}
    assert len({tuple(goal) for goal in goals}) == 7 and {tuple(goal) for goal in goals} <= train
    other = make(n_train_tasks=7, seed=4)
    assert not np.array_equal(other.train_tasks["goal"], goals)
    agent.save(tmp_path / "a.zip")
    assert np.array_equal(PEARL.load(tmp_path / "a.zip").train_tasks["goal"], goals)
    assert make(n_train_tasks=500).replay.num_tasks == 80


def test_the_encoder_learns_from_the_critics_alone(monkeypatch):
    agent = make(kl_coef=0.0).learn(1)
    policy = agent.policy

    def weights(part):
        return [one.detach().clone() for one in part.parameters()]

    def moved(part, before):
        return any(not torch.equal(a, b) for a, b in zip(part.parameters(), before, strict=True))

    agent.critic_optimizer = agent.updater.critic_optimizer = torch.optim.SGD(
        [*policy.core.q.parameters(), *policy.encoder.parameters()], 1e-2
    )
    encoder, actor = weights(policy.encoder), weights(policy.core.policy)
    whole = policy.core.critic_loss
    monkeypatch.setattr(policy.core, "critic_loss", lambda *a, **k: 0.0 * whole(*a, **k))
    agent.updater.run(1, 1, 1e-2)
    assert moved(policy.core.policy, actor) and not moved(policy.encoder, encoder)
    monkeypatch.setattr(policy.core, "critic_loss", whole)
    agent.updater.run(1, 1, 1e-2)
    assert moved(policy.encoder, encoder)


def test_a_gradient_step_is_of_matching_contexts_scaled_rewards_and_slow_critics(monkeypatch):
    agent = make(meta_batch_size=8, reward_scale=7.0, tau=0.1).learn(1)
    core, encoder, arrays = agent.policy.core, agent.policy.encoder, agent.replay.arrays
    for task in range(3):  # rewards tell the tasks apart
        arrays["rewards"][task] = arrays["context_rewards"][task] = 1.0 + task
    shown, learnt, losses = [], [], core.critic_loss

    def watched(context, mask=None, *, drawn, **kwargs):
        shown.append(context[drawn][..., 4])  # after two coordinates and two of the action, [M, N]
        return type(encoder).forward(encoder, context, mask, drawn=drawn, **kwargs)

    def recorded(batch, *args, **kwargs):
        learnt.append(batch.rewards.reshape(8, -1))
        return losses(batch, *args, **kwargs)

    monkeypatch.setattr(encoder, "forward", watched)
    monkeypatch.setattr(core, "critic_loss", recorded)
    slow = [one.clone() for one in core.target_q.parameters()]
    agent.updater.run(1, 1, 1e-2)
    tasks = shown[0][:, :1]
    assert len(tasks.unique()) > 1
    torch.testing.assert_close(shown[0], tasks.expand_as(shown[0]))
    torch.testing.assert_close(learnt[0], 7.0 * tasks.expand_as(learnt[0]))
    now = zip(slow, core.target_q.parameters(), core.q.parameters(), strict=True)
    for before, after, fast in now:
        torch.testing.assert_close(after, (0.9 * before + 0.1 * fast).detach())
        assert not torch.equal(before, after)


def test_the_inner_loop_draws_from_the_prior_and_then_from_the_posterior():
    agent = make(exploration_episodes=1)
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=4)
    loop = agent.inner_loop(venv, rows_per_task=2, seed=5)
    seen, latents = [], []
    shown, _ = venv.reset(seed=1)
    loop.reset()
    for step in range(41):
        mean, log_variance = loop.posterior()
        if step <= 20:
            prior = step < 20
            assert (mean == 0).all() == prior and (log_variance == 0).all() == prior
        acted = loop.act(shown)
        latents.append(loop.latents.copy())
        after, rewards, terminated, truncated, infos = venv.step(acted)
        true_next = infos.get("final_obs", after)
        loop.observe(Step(shown, acted, rewards, terminated, truncated, true_next, infos))
        seen.append((shown, acted, rewards, true_next))
        shown = after
    at_starts = np.array([not np.array_equal(a, b) for a, b in pairwise(latents)])
    assert np.flatnonzero(at_starts).tolist() == [19, 39]
    assert len({tuple(row) for row in latents[0].tolist()}) == 4, "each row draws its own"
    parts = [
        torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*seen, strict=True)
    ]
    context = agent.policy.context(*parts)  # [T, N, D]
    for task in range(2):
        whole = context[:, 2 * task : 2 * task + 2].reshape(1, -1, context.shape[-1])
        with torch.no_grad():
            wanted = agent.policy.encoder(whole)
        for part, one in zip(loop.posterior([2 * task]), wanted, strict=True):
            np.testing.assert_allclose(part[0], one[0], rtol=1e-4, atol=1e-5)
    loop.freeze()
    before = loop.posterior()
    loop.act(shown)
    loop.observe(Step(shown, acted, rewards, terminated, truncated, shown))
    assert np.array_equal(loop.posterior()[0], before[0])
    loop.reset(np.array([0, 1]))
    mean, log_variance = loop.posterior()
    assert float(kl_to_prior(torch.from_numpy(mean), torch.from_numpy(log_variance))[0]) == 0.0
    assert np.array_equal(mean[2:], before[0][2:])


def test_an_evaluation_leaves_the_agent_as_it_was_and_does_not_depend_on_the_batch():
    agent = make().learn(200)
    written = agent.replay.written.copy()
    few = evaluate(agent, "meta/PointGoal-v0", num_tasks=6, num_envs=2)
    many = evaluate(agent, "meta/PointGoal-v0", num_tasks=6, num_envs=6)
    np.testing.assert_allclose(few.returns, many.returns, rtol=1e-3)
    assert np.array_equal(agent.replay.written, written)
    assert few.protocol["split"] == "test"


def test_the_next_observation_is_part_of_contexts_where_asked():
    kwargs = {**SMALL["policy_kwargs"], "next_observation": True}
    assert make().policy.encoder.layers.layers[0].in_features == 5
    agent = make(policy_kwargs=kwargs).learn(1)
    assert agent.policy.encoder.layers.layers[0].in_features == 7


def test_predict_keeps_its_latent():
    agent = make()
    shown = np.zeros((3, 2), np.float32)
    first, state = agent.predict(shown, deterministic=True)
    again, _ = agent.predict(shown, state, deterministic=True)
    other, _ = agent.predict(shown, deterministic=True)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert agent.predict(shown[0])[0].shape == (2,)


def test_a_stopped_iteration_never_was():
    agent = make()
    agent.learn(10_000, callback=lambda *_: False)
    assert agent.num_timesteps == 0 and not agent.replay.written.any()
    venv = agent.venv
    venv.reset(seed=1)
    assert len({tuple(goal) for goal in venv.tasks["goal"].tolist()}) > 1, "unpinned again"


def test_another_environment_brings_its_tasks():
    agent = make().learn(1)
    goals = agent.train_tasks["goal"]
    agent.set_env(gym.make_vec("meta/PointGoal-v0", num_envs=4, split="test"))
    assert not agent.replay.written.any() and agent.updater.replay is agent.replay
    assert not {tuple(goal) for goal in goals} & {tuple(g) for g in agent.train_tasks["goal"]}
    agent.learn(1, reset_num_timesteps=False)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"context_batch_size": 0}, "context_batch_size=0 must be at least 1"),
        ({"n_prior_episodes": 0, "n_posterior_episodes": 0}, "leaves nothing for contexts"),
        ({"gamma": 1.5}, "gamma=1.5 is outside"),
        ({"ent_coef": 0.0}, "must be above 0"),
        ({"contexts": "all"}, "contexts='all' is unknown; allowed are"),
        ({"precision": "float16"}, "precision='float16' is unknown; allowed are"),
    ],
)
def test_bad_arguments(kwargs, words):
    with pytest.raises(ValueError, match=words):
        make(**kwargs)


def test_bad_environments_and_rewards():
    with pytest.raises(MemoryError, match="GiB; this machine has"):
        make(buffer_size=10**14)
    with pytest.raises(ValueError, match=r"train_reward='dens'.*\['dense_reward'\]"):
        make(train_reward="dens").learn(1)
    unbounded = gym.make_vec("meta/Sinusoid-v0", num_envs=2)
    if not unbounded.single_action_space.is_bounded("both"):
        with pytest.raises(ValueError, match="has no bounds"):
            make(unbounded)
