"""Surrogates of one's own, and how checkpoints remember them."""

import pytest
import torch

from agents import RL2, VariBAD
from agents.cli.flags import arguments_class
from agents.core.losses import losses

SMALL = {"hidden_size": 4}
ID = "meta/BernoulliBandit-v0"
HERE = f"{__name__}:plain"
CALLS = []


def plain(log_prob, old_log_prob, advantage, clip, mask):
    CALLS.append(clip)
    ratio = torch.exp(log_prob - old_log_prob)
    return -losses.masked_mean(ratio * advantage, mask)


def make(policy_loss="clipped", algorithm=RL2, policy="GruPolicy", **kwargs):
    kwargs = {"policy_kwargs": SMALL, "n_envs": 4, "n_epochs": 2, **kwargs}
    return algorithm(policy, ID, policy_loss=policy_loss, seed=0, preset=None, **kwargs)


def weights(agent):
    return torch.cat([part.flatten() for part in agent.policy.parameters()]).detach()


@pytest.mark.parametrize(
    ("algorithm", "policy", "kwargs"),
    [
        (RL2, "GruPolicy", {}),
        (VariBAD, "BeliefPolicy", {"policy_kwargs": None, "vae_updates": 1}),
    ],
)
def test_a_function_of_ones_own_is_minimised(algorithm, policy, kwargs):
    CALLS.clear()
    make(plain, algorithm, policy, **kwargs).learn(1)
    assert CALLS == [0.2] * len(CALLS) and CALLS


def test_a_checkpoint_remembers_it_by_name(tmp_path):
    agent = make(plain).learn(1)
    assert agent.settings["policy_loss"] == HERE
    agent.save(tmp_path / "agent")
    again = RL2.load(tmp_path / "agent")
    assert again.policy_loss == HERE
    torch.testing.assert_close(weights(again.learn(80)), weights(agent.learn(80)), rtol=0, atol=0)


def test_its_name_is_as_good_and_ours_is_what_ppo_has():
    assert torch.equal(weights(make(HERE).learn(1)), weights(make(plain).learn(1)))
    ours = make(losses.clipped_surrogate).learn(80)
    assert torch.equal(weights(ours), weights(make().learn(80)))
    tight = {"clip_range": 1e-4}
    clipped, free = make(**tight).learn(80), make(plain, **tight).learn(80)
    assert not torch.equal(weights(clipped), weights(free))


def test_a_function_without_a_name_is_asked_for_again(tmp_path):
    def local(*parts):
        return plain(*parts)

    agent = make(local).learn(1)
    with pytest.warns(UserWarning, match="not saved.*policy_loss"):
        agent.save(tmp_path / "agent")
    with pytest.raises(ValueError, match="custom_objects=.*policy_loss"):
        RL2.load(tmp_path / "agent")
    assert RL2.load(tmp_path / "agent", custom_objects={"policy_loss": local}).policy_loss is local


@pytest.mark.parametrize("wrong", ["cliped", f"{__name__}:HERE"])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(ValueError, match="policy_loss=.*(clipped|not a function)"):
        make(wrong)


def test_it_is_a_flag():
    assert "policy_loss" in arguments_class(RL2).__dataclass_fields__
