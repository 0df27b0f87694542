"""PredictiveExploration: what is predicted from what, what exploring is paid, when it ends."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import PredictiveExploration, evaluate
from agents.core.play.player import Player
from agents.core.play.view import open_loop
from agents.dream.losses import recurrent_td_loss
from agents.dream.model import foreseeable
from tests.agents.dream import levers  # noqa: F401  registers the toy

ID = "meta/BusGrid-v0"
KWARGS = {"size": 5, "buses": 3, "steps": 6}


def small(**more: Any) -> PredictiveExploration:
    given: dict[str, Any] = {"n_envs": 6, "gradient_steps": 1, "batch_size": 5, "seed": 0, **more}
    kwargs = {**KWARGS, **given.pop("env_kwargs", {})}
    policy = {"hidden_size": 8, "latent_size": 3}
    return PredictiveExploration("GruPolicy", ID, env_kwargs=kwargs, policy_kwargs=policy, **given)


def drawn_of(agent: PredictiveExploration) -> Any:
    agent._keep(agent.replay, agent._collect(lambda step: True))
    return agent.updater.draw(5, np.random.default_rng(0))


def test_trials_are_kept_whole_and_probes_are_their_steps():
    agent = small(env_kwargs={"episodes_per_trial": 3})
    trials = agent._collect(lambda step: True)
    rewards = (trials.rewards * trials.mask).sum(dim=0)
    drawn = drawn_of(agent)
    size = agent.policy.builder.observation_size
    assert (drawn.explored.mask.sum(dim=0) == 6).all() and (drawn.explored.rewards == 0).all()
    assert (drawn.explored.inputs[..., size - 3 : size] == 0).all()  # no instruction
    first = drawn.executed.inputs[0]
    assert (first[:, size - 3 : size].sum(dim=1) == 1).all() and (first[:, -1] == 1).all()
    assert (drawn.executed.seen[1:] == drawn.executed.mask).all()
    assert rewards.min() < 0 and drawn.executed.rewards.min() < 0
    probes = drawn.probes
    assert probes.rewards.shape == (8, 5) and probes.before.shape == (8, 5, size)
    both = torch.cat([drawn.explored.inputs[:-1], drawn.executed.inputs[:-1]])[..., :size]
    for column in range(5):
        known = (both[:, column, None] == probes.before[None, :, column]).all(dim=2)
        assert known.any(dim=0).all()  # no probe begins where an episode ended
    moved = (probes.after - probes.before).abs().sum(dim=-1)
    assert moved.max() > 0 and ((moved == 0) | (moved >= 1)).all()


def test_gains_are_the_falls_of_the_error_and_execution_teaches_the_model_nothing():
    agent = small(exploration_penalty=0.05)
    drawn = drawn_of(agent)
    updater, policy = agent.updater, agent.policy
    kept, errors = updater.prefix_errors(drawn)
    one = policy.errors(drawn.probes, kept[2, None].expand(8, -1, -1)).mean(dim=0)
    torch.testing.assert_close(errors[2], one)
    wanted = torch.cat(
        [drawn.probes.after - drawn.probes.before, drawn.probes.rewards[..., None]], dim=-1
    )
    actions = torch.nn.functional.one_hot(drawn.probes.actions, 6)
    known = torch.cat([drawn.probes.before, actions, kept[2].expand(8, -1, -1)], dim=-1)
    torch.testing.assert_close(one, (policy.model(known) - wanted).square().sum(-1).mean(0))
    left = errors.detach() / errors[0].mean()
    gains = left[:-1] - left[1:] - 0.05
    explored = drawn.explored
    loss = recurrent_td_loss(
        policy.exploration,
        policy.slow["exploration"],
        explored.inputs,
        explored,
        gains,
        agent.gamma,
    )
    found = updater.losses(drawn)
    assert found["exploration_loss"].item() == pytest.approx(loss.item(), rel=1e-5)
    model = list(policy.model.parameters()) + list(policy.inference.parameters())
    paths = torch.autograd.grad(
        found["execution_loss"] + found["exploration_loss"], model, allow_unused=True
    )
    assert all(part is None for part in paths)


def test_exploring_ends_when_an_episode_was_foreseen():
    lengths = {}
    for tolerance in (0.0, 1e9):
        agent = small(
            env_kwargs={"episodes_per_trial": 4}, exploration_episodes=3, tolerance=tolerance
        )
        venv = gym.make_vec(ID, num_envs=2, **KWARGS, episodes_per_trial=4)
        loop = open_loop(agent, venv, seed=0)
        player = Player(venv, loop)
        player.reset(0)
        loop.reset()
        for _ in range(7):
            player.step()
        lengths[tolerance] = loop.exploring(np.arange(2)).tolist()
        assert loop.latents.abs().sum().item() > 0 or tolerance == 0.0
    assert lengths == {0.0: [True, True], 1e9: [False, False]}


def test_parts_learn_as_explore_says():
    for explore, still in (
        ("learnt", ()),
        ("uniform", ("exploration",)),
        ("none", ("exploration", "inference", "model")),
    ):
        agent = small(explore=explore)
        before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
        agent.learn(1, log_interval=None)
        after = agent.policy.state_dict()
        for part in ("exploration", "execution", "inference", "model"):
            names = [name for name in after if name.startswith(f"{part}.")]
            moved = any(not torch.equal(before[name], after[name]) for name in names)
            assert moved != (part in still), (explore, part)


def test_of_frames_the_model_predicts_mean_colours():
    id, kwargs = "meta/SignNavigation-v0", {"width": 36, "height": 36, "steps": 3}
    policy = {"hidden_size": 8, "latent_size": 3, "frame_features": 4}
    agent = PredictiveExploration(
        *("GruPolicy", id), env_kwargs=kwargs, n_envs=3, policy_kwargs=policy, seed=0,
        gradient_steps=1, batch_size=3, buffer_size=40,
    )  # fmt: skip
    before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
    agent.learn(1, log_interval=None)
    after = agent.policy.state_dict()
    assert any(not torch.equal(before[key], after[key]) for key in after if "frames." in key)
    assert agent.replay.arrays["inputs"].dtype == np.uint8
    venv: Any = gym.make_vec(id, num_envs=2, **kwargs)
    seen, _ = venv.reset(seed=0)
    builder = agent.policy.builder
    rows = builder.build(seen, np.zeros((2, 4), np.float32), np.zeros(2), np.zeros(2))
    shown = foreseeable(builder, torch.from_numpy(rows))
    assert shown.shape == (2, 3 + 3 * 36)  # the instruction, and six by six squares
    wanted = seen["frame"].reshape(2, 6, 6, 6, 6, 3).mean(axis=(2, 4)) / 255.0
    np.testing.assert_allclose(shown[:, 3:], wanted.transpose(0, 3, 1, 2).reshape(2, -1), atol=1e-5)
    drawn = drawn_of(agent)
    assert drawn.probes.before.shape[-1] == 3 + 3 * 36 and 0.0 < agent.error_left(1)
    evaluate(agent, id, env_kwargs=kwargs, num_tasks=2, exploration_episodes=1)


def test_who_predicts_the_lever_pulls_it():
    agent = PredictiveExploration(
        "GruPolicy", "dream/Levers-v0", n_envs=16, seed=1, batch_size=16, gradient_steps=12,
        learning_rate=5e-3, exploration_fraction=0.8, tau=0.05,
        policy_kwargs={"hidden_size": 16, "latent_size": 8},
    )  # fmt: skip
    agent.learn(14 * 3 * 16, log_interval=None)
    curve = evaluate(agent, "dream/Levers-v0", num_tasks=64, exploration_episodes=1)
    assert curve.execution()[0] >= 0.9  # 1 is the optimum, a quarter is chance
    assert agent.error_left() < 0.6
