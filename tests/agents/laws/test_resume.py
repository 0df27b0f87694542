"""Resuming is bit-equal where arguments change what must be saved; `test_laws` has the defaults."""

from __future__ import annotations

import pytest
import torch

import agents
from agents.laws.check import check_law
from agents.laws.setting import Setting
from agents.laws.training import law_resume
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.maml import toys as pushes  # noqa: F401  registers toy/Push-v0

_LINEAR = ("linear", 1e-2, 1e-3)
_BOX = ("toy/Lengths-v0", {"box": True})
_LENGTHS = ("toy/Lengths-v0", {})
_PUSH = ("toy/Push-v0", {"discrete": False, "lengths": True})
_SPARSE = ("meta/SparsePoint-v0", {"max_episode_steps": 6})
_NORMALISED = {"hidden_size": 4, "normalize_observation": True, "normalize_belief": True}

VARIANTS = {
    "rl2": ("RL2", _BOX, {"learning_rate": _LINEAR, "n_epochs": 2}),
    "rl2 chunks": (
        *("RL2", _LENGTHS),
        {"chunk_length": 4, "chunk_overlap": 2, "batch_size": 5, "baseline": "linear"},
    ),
    "rl2 trpo": (
        *("RL2", _LENGTHS),
        {"outer": "trpo", "policy_kwargs": {"hidden_size": 4, "separate_value": True}},
    ),
    "l2rl": ("L2RL", _BOX, {"learning_rate": _LINEAR}),
    **{f"l2rl {one}": ("L2RL", _BOX, {"intrinsic": one}) for one in ("rnd", "counts")},
    "ppo rnd": ("PPO", _BOX, {"intrinsic": "rnd"}),
    **{
        name.lower(): (name, _PUSH, {"learning_rate": ("linear", 1e-1, 1e-2)})
        for name in ("MAML", "ProMP", "MetaSGD", "Reptile")
    },
    "supervised": (
        *("SupervisedMAML", ("meta/Sinusoid-v0", {})),
        {"learn_inner_lr": True, "inner_lr_shape": "tensor"},
    ),
    "pearl teacher": (
        *("PEARL", _SPARSE),
        {"train_reward": "dense_reward", "target_entropy": -2.0},
    ),
    **{f"pearl {one}": ("PEARL", _SPARSE, {"contexts": one}) for one in ("trials", "rewarded")},
    "pearl parts": ("PEARL", _LENGTHS, {"contexts": "parts", "learning_rate": _LINEAR}),
    "pearl bfloat16": ("PEARL", _BOX, {"precision": "bfloat16"}),
    "varibad decoders": (
        *("VariBAD", _BOX),
        {"state_coef": 0.5, "task_coef": 0.5, "n_elbos": 3, "learning_rate": _LINEAR},
    ),
    "varibad joint": (
        *("VariBAD", _LENGTHS),
        {"rl_loss_through_encoder": True, "kl_scale": "original"},
    ),
    "varibad normalised": (
        *("VariBAD", _LENGTHS),
        {"n_trials": 2, "policy_kwargs": _NORMALISED},
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_resumed_training_equals_uninterrupted_training(variant):
    name, (id, env_kwargs), arguments = VARIANTS[variant]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        check_law(law_resume, Setting(getattr(agents, name), id, env_kwargs, arguments))
    finally:
        torch.set_num_threads(threads)
