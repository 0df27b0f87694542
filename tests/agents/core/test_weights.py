"""Checkpoints of weights alone: they act as before, are small, and refuse to learn on."""

import numpy as np
import pytest
import torch

from agents import RL2, evaluate
from agents.core.saving.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from agents.core.saving.weights import lighten
from tests.agents import small

KINDS = (
    *("RL2", "MAML", "PEARL", "VariBAD", "STAC", "MetaGradient", "LPG"),
    *("ES", "POET", "PBT", "DIAYN", "SupervisedMAML", "InContext", "AlgorithmDistillation"),
)


@pytest.fixture(scope="module")
def agent():
    return small.make("RL2", policy_kwargs={"hidden_size": 32}).learn(1)


@pytest.mark.parametrize("name", KINDS)
def test_what_acting_needs_survives(name, tmp_path):
    agent = small.make(name).learn(1)
    agent.save(tmp_path / "whole.zip")
    agent.save_weights(tmp_path / "light.zip", half=False)
    loaded = type(agent).load(tmp_path / "light.zip")
    assert loaded.weights_only and loaded.num_timesteps == agent.num_timesteps
    for network, parts in agent._networks().items():
        mine = loaded._networks()[network].state_dict()
        for key, part in parts.state_dict().items():
            if agent._acts_with(network, key):
                assert torch.equal(mine[key], part), (network, key)
    sizes = [(tmp_path / f"{kind}.zip").stat().st_size for kind in ("light", "whole")]
    assert sizes[0] <= sizes[1] + 64  # populations have nothing to leave out
    with pytest.raises(ValueError, match="cannot go on learning; .*exact_match=False"):
        loaded.learn(1)
    if name not in ("SupervisedMAML", "LPG"):  # LPG's act by learners that have just begun
        with torch.no_grad():
            rows = [one.inner_loop(one.venv, 1, 3) for one in (agent, loaded)]
        assert type(rows[0]) is type(rows[1])


@pytest.mark.parametrize("name", ["MAML", "STAC", "QBMG", "MFEC", "NEC", "ES"])
def test_it_chooses_the_same_actions(name, tmp_path):
    agent = small.make(name).learn(1)
    agent.save_weights(tmp_path / "light.zip", half=False)
    loaded = type(agent).load(tmp_path / "light.zip")
    space = agent.observation_space
    space.seed(0)
    seen = np.stack([space.sample() for _ in range(64)])
    np.testing.assert_array_equal(*(one.predict(seen)[0] for one in (agent, loaded)))


def test_episodic_memories_act_as_randomly_as_before(tmp_path):
    agent = small.make("NEC", exploration_steps=8).learn(8)
    agent.save_weights(tmp_path / "light.zip")
    loaded = type(agent).load(tmp_path / "light.zip")
    chances = [one.rule.epsilon(float(one.loop.ages[0])) for one in (agent, loaded)]
    assert chances[0] == chances[1] < 1


def test_it_is_saved_again_as_what_it_is(agent, tmp_path):
    agent.save_weights(tmp_path / "one.zip")
    loaded = RL2.load(tmp_path / "one.zip")
    loaded.save(tmp_path / "two.zip")
    again = RL2.load(tmp_path / "two.zip")
    assert again.weights_only
    for key, part in loaded.policy.state_dict().items():
        assert torch.equal(part, again.policy.state_dict()[key])


def test_half_the_bytes_act_alike(agent, tmp_path):
    agent.save_weights(tmp_path / "half.zip")
    agent.save_weights(tmp_path / "single.zip", half=False)
    assert (tmp_path / "half.zip").stat().st_size < 0.7 * (tmp_path / "single.zip").stat().st_size
    kinds = {part.dtype for part in read_checkpoint(tmp_path / "half.zip")[1]["policy"].values()}
    assert torch.float16 in kinds
    loaded = RL2.load(tmp_path / "half.zip")
    curves = [evaluate(one, "small/Nagging-v0", num_tasks=20) for one in (agent, loaded)]
    assert abs(curves[0].returns - curves[1].returns).max() < 0.02


def test_numbers_that_half_a_type_cannot_hold_stay():
    big = torch.full((300,), 1e6)
    _, kept = lighten({}, {"net": {"big": big, "w": big / 1e6, "n": torch.zeros(3)}}, _yes, True)
    kinds = {key: part.dtype for key, part in kept["net"].items()}
    assert kinds == {"big": torch.float32, "w": torch.float16, "n": torch.float32}


def test_a_new_agent_may_begin_with_the_weights(agent, tmp_path):
    agent.save_weights(tmp_path / "half.zip")
    new = small.make("RL2", policy_kwargs={"hidden_size": 32}, seed=5)
    new.set_parameters(tmp_path / "half.zip", exact_match=False)
    for key, part in agent.policy.state_dict().items():
        assert torch.allclose(new.policy.state_dict()[key], part, atol=1e-2, rtol=1e-3)
    assert new.learn(1).num_timesteps > 0


@pytest.mark.parametrize("name", ["MFEC", "NEC"])
def test_a_memory_beside_the_weights_is_kept_whole(name, tmp_path):
    agent = small.make(name, "CartPole-v1", n_steps=40).learn(320)
    agent.save_weights(tmp_path / "one.zip")
    loaded = type(agent).load(tmp_path / "one.zip")
    kept, read = (one.loop.store.marked_state() for one in (agent, loaded))
    assert kept.keys() == read.keys() and kept["keys"].numel() > 0
    assert all(torch.equal(part, read[key]) for key, part in kept.items())
    shown = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    mine, other = (one.predict(shown, deterministic=True)[0] for one in (agent, loaded))
    assert (mine == other).all()
    with pytest.raises(ValueError, match="cannot go on learning"):
        loaded.learn(1)


def test_damage_is_said(agent, tmp_path):
    agent.save_weights(tmp_path / "half.zip")
    data, tensors = read_checkpoint(tmp_path / "half.zip")
    data["progress"]["weights_only"] = "yes"
    write_checkpoint(tmp_path / "odd.zip", data, tensors)
    with pytest.raises(CheckpointError, match="weights_only is yes"):
        RL2.load(tmp_path / "odd.zip")
    data["progress"]["weights_only"] = True
    write_checkpoint(
        tmp_path / "less.zip", data, {"policy": dict(list(tensors["policy"].items())[1:])}
    )
    with pytest.raises(CheckpointError, match="does not fit"):
        RL2.load(tmp_path / "less.zip")


def _yes(network, key):
    return True
