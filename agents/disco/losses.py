"""The losses of DiscoRL's learners. M learners, T steps, B windows of each, A actions."""

from __future__ import annotations

import torch

from .said import Outputs, Said
from .values import two_hot


def divergence(wanted: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
    """Return KL(wanted || said) [...] of logits [..., V]; what is wanted is a constant."""
    wanted = torch.log_softmax(wanted.detach(), dim=-1)
    return (wanted.exp() * (wanted - torch.log_softmax(said, dim=-1))).sum(dim=-1)


def parts_of_loss(
    said: Said, taken: Outputs, wanted: Outputs, alive: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the losses of each step by name, each [M, T, B].

    Args:
        said: What the learners say of states: `"policy"` and `"y"`, logits.
        taken: What they say of the actions taken: `"z"`, `"q"` and `"aux"`, logits.
        wanted: `"policy"`, `"y"` and `"z"`: logits that the rule asks for; `"q"`: target values.
        alive: 0 where the episode terminated, [M, T, B].

    Source:
        Oh et al. 2025, methods, "Agent network" and "Meta-network"; the value's is a cross-entropy.
    """
    policy, next_policy = said.pair("policy")
    log_q = torch.log_softmax(taken["q"], dim=-1)
    return {
        "policy_loss": divergence(wanted["policy"], policy),
        "y_loss": divergence(wanted["y"], said.now("y")),
        "z_loss": divergence(wanted["z"], taken["z"]),
        "aux_loss": divergence(next_policy, taken["aux"]) * alive,
        "value_loss": -(two_hot(wanted["q"].detach()) * log_q).sum(dim=-1),
    }
