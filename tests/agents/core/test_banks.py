"""Banks of an agent's environment in its checkpoints, as arrays or as files."""

import warnings

import numpy as np
import pytest
from safetensors.numpy import save_file

from agents import RL2
from agents.core.saving.allowed import ModuleRefusedError
from meta_envs.core.bank import Bank
from tests.agents.core.test_allowed import crafted, folder  # noqa: F401

ID = "meta/PointRandomReward-v0"
SMALL = {"seed": 0, "n_envs": 2, "preset": None, "policy_kwargs": {"hidden_size": 4}}


def arrays(seed=0, width=400):
    """More numbers than JSON is given."""
    draw = np.random.default_rng(seed).standard_normal
    shapes = {"layers.0": (width, 2), "layers.1": (width, width), "head.logits": (3, width)}
    parts = {}
    for name, shape in shapes.items():
        parts[f"{name}.weight"] = draw((1, *shape)).astype(np.float32)
        parts[f"{name}.bias"] = draw((1, shape[0])).astype(np.float32)
    return parts


def make(bank):
    horizon = {"max_episode_steps": 2, "episodes_per_trial": 1}
    return RL2("GruPolicy", ID, env_kwargs={"bank": bank, **horizon}, **SMALL)


@pytest.mark.parametrize("as_bank", [False, True])
def test_arrays_are_in_the_checkpoint(tmp_path, as_bank):
    agent = make(Bank(arrays()) if as_bank else arrays()).learn(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agent.save(tmp_path / "agent")
        again = RL2.load(tmp_path / "agent")
    assert again.venv.bank.hash == agent.venv.bank.hash == Bank(arrays()).hash
    one, other = (each.learn(8).get_parameters()["policy"] for each in (agent, again))
    assert all((one[name] == other[name]).all() for name in one)


def test_a_file_is_named_and_load_says_when_it_differs(tmp_path):
    save_file(arrays(0, 4), tmp_path / "bank.safetensors")
    agent = make(tmp_path / "bank.safetensors")
    agent.save(tmp_path / "agent")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert RL2.load(tmp_path / "agent").venv.bank.hash == agent.venv.bank.hash
    save_file(arrays(1, 4), tmp_path / "bank.safetensors")
    with pytest.warns(UserWarning, match=f"trained with the bank {agent.venv.bank.hash[:12]}"):
        RL2.load(tmp_path / "agent")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RL2.load(tmp_path / "agent", env_kwargs={"bank": arrays(2, 4)})


def test_a_base_that_a_file_names_obeys_the_rule_of_modules(folder):  # noqa: F811
    kwargs = {"base": "stranger:meta/PointNavigation-v0"}
    path = crafted(folder, id=ID, kwargs=kwargs)
    with pytest.raises(ModuleRefusedError, match=r"'stranger'.*allow_modules"):
        RL2.load(path)
    assert not (folder / "stranger.ran").exists()
