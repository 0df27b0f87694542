"""HyperX's bonuses: what is new, what was not expected, and their weight."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents import HyperX, VariBAD, evaluate
from agents.core.nets.distillation import RandomDistillation
from agents.varibad.bonus import surprise
from agents.varibad.decoders import CellDecoder, RewardDecoder
from agents.varibad.experience import transitions_of

ID, KWARGS = "meta/GridNavi-v0", {"gate": True, "steps": 4, "episodes_per_trial": 2}


class StopAfter(BaseCallback):
    """Stops in the second iteration."""

    def _on_step(self) -> bool:
        return self.model.iteration < 1


def small(**more: Any) -> VariBAD:
    arguments: dict[str, Any] = {"n_envs": 4, "n_epochs": 1, "vae_updates": 2, "seed": 0}
    arguments |= {"policy_kwargs": {"hidden_size": 8, "net_arch": (8,)}, "preset": None}
    return VariBAD("BeliefPolicy", ID, env_kwargs=KWARGS, **{**arguments, **more})


def test_hyperx_is_varibad_with_both_bonuses_which_no_evaluation_sees(tmp_path):
    given: dict[str, Any] = {"n_envs": 4, "n_epochs": 1, "vae_updates": 1, "preset": None}
    agent = HyperX("BeliefPolicy", ID, env_kwargs=KWARGS, seed=0, **given)
    assert agent.bonus.coefs == {"novelty": 1.0, "surprise": 1.0}
    agent.save_weights(tmp_path / "one.zip")
    light = HyperX.load(tmp_path / "one.zip")  # what pays is no part of what acts
    measured: dict[str, Any] = {"env_kwargs": KWARGS, "num_tasks": 5, "seed": 3}
    before = evaluate(agent, ID, **measured).returns
    agent.bonus.novelty = None
    assert (evaluate(light, ID, **measured).returns == before).all()
    with zipfile.ZipFile(tmp_path / "one.zip") as file:
        sizes = {one.filename: one.file_size for one in file.infolist()}
    assert max(size for name, size in sizes.items() if "novelty" in name) < 200  # no weights


def some_trials(agent: VariBAD) -> Any:
    return transitions_of(agent._collect(lambda step: True), agent.policy.builder)


def test_what_was_trained_on_is_new_no_more_and_the_target_stays():
    torch.manual_seed(0)
    network = RandomDistillation(3, hidden_size=16, output_size=4)
    known, new = torch.randn(64, 3), torch.randn(64, 3) + 3.0
    target = {name: part.clone() for name, part in network.target.state_dict().items()}
    before = network(known).mean().item()
    optimizer = torch.optim.Adam(network.predictor.parameters(), lr=3e-3)
    for _ in range(200):
        optimizer.zero_grad()
        network(known).mean().backward()
        optimizer.step()
    assert network(known).mean() < 0.1 * before
    assert network(new).mean() > 5 * network(known).mean()
    assert all(
        torch.equal(part, target[name]) for name, part in network.target.state_dict().items()
    )


@pytest.mark.parametrize("decoder", ["steps", "cells", "goal"])
def test_surprise_is_what_a_single_step_adds_to_the_likelihood(decoder):
    agent = small(reward_decoder=decoder)
    trials = some_trials(agent)
    reward: Any = agent.decoders["reward"]
    latents = torch.randn(*trials.mask.shape, agent.policy.latent_size)
    found = surprise(reward, latents, trials)
    assert found.shape == trials.mask.shape
    if isinstance(reward, RewardDecoder):
        predicted = reward.network(torch.cat([latents, reward.shown(trials)], dim=-1))[..., 0]
        assert torch.allclose(found, 0.5 * (predicted - trials.rewards) ** 2, atol=1e-5)
        return
    assert isinstance(reward, CellDecoder)
    pays = reward.probabilities(latents)  # [T, B, x, y]
    for step, column in ((0, 0), (5, 2)):
        x, y = trials.after[step, column].long().tolist()
        chance = pays[step, column, x, y]
        chance = chance if trials.rewards[step, column] > 0 else 1.0 - chance
        assert found[step, column].item() == pytest.approx(-chance.log().item(), abs=1e-4)


def test_bonuses_are_weighed_and_fade():
    agent = small(novelty_coef=1.0, surprise_coef=0.5)
    trials = agent._collect(lambda step: True)
    agent._total_timesteps = 100
    rewards, paid = trials.rewards, []
    for steps in (0, 50, 100):
        agent.num_timesteps = steps
        agent.bonus.scales = {name: type(one)() for name, one in agent.bonus.scales.items()}
        paid.append(agent.paid(trials, rewards, 0.95) - rewards)
    assert paid[0].abs().max() > 0 and torch.allclose(paid[1], paid[0] / 2, atol=1e-6)
    assert not paid[2].any()
    alone = {}
    for name in ("novelty_coef", "surprise_coef"):
        one = small(**{name: 1.0})
        one._total_timesteps, one.num_timesteps = 100, 0
        alone[name] = one.paid(trials, rewards, 0.95) - rewards
    assert not small(reward_decoder="steps").bonus.coefs
    both = alone["novelty_coef"] + 0.5 * alone["surprise_coef"]
    assert torch.allclose(paid[0], both, atol=1e-4)


def test_a_resumed_training_is_the_same_training():
    whole = small(novelty_coef=1.0, surprise_coef=1.0)
    whole.learn(2 * 32, log_interval=None)
    first = small(novelty_coef=1.0, surprise_coef=1.0)
    file = io.BytesIO()
    first.learn(64, log_interval=None, callback=StopAfter())
    first.save(file)
    file.seek(0)
    again = VariBAD.load(file)
    again.learn(64 - again.num_timesteps, reset_num_timesteps=False, log_interval=None)
    assert again.num_timesteps == whole.num_timesteps == 64
    for name, network in whole._networks().items():
        other = again._networks()[name].state_dict()
        for key, part in network.state_dict().items():
            assert torch.equal(part, other[key]), (name, key)
    assert again.bonus.state() == whole.bonus.state()
