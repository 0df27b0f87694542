"""A policy as one network of a bank of opponents, whatever library trained it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy
from torch import nn

from meta_envs.opponents.roster import RELU, SQUASH

from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.mlp import PerTaskPolicy
from ..core.nets.torsos import ACTIVATIONS

Arrays = dict[str, np.ndarray]

_LAST = "head.means"
_ONE = np.ones(1, dtype=np.float32)


def opponent_arrays(model: Any) -> Arrays:
    """Return what an agent does without noise, and before it adapts, as a bank of one network.

    Args:
        model: An agent, or a model of Stable-Baselines3 (on-policy ones, SAC, TD3, DDPG), with a
            feed-forward policy for vectors and continuous actions.

    Returns:
        Arrays [1, ...] by the names of `meta_envs.core.bank.Bank`.

    Raises:
        TypeError: If its policy is another.
    """
    policy = getattr(model, "policy", None)
    if isinstance(model, LifetimeAlgorithm) and isinstance(policy, ActorCritic):
        found = _of_actor_critic(policy, model)
    elif isinstance(policy, PerTaskPolicy) and isinstance(policy.activation, nn.Tanh):
        found = _of_per_task(policy)
    elif isinstance(policy, ActorCriticPolicy | SACPolicy | TD3Policy):
        found = _of_stable_baselines(policy)
    else:
        found = None
    if found is None:
        raise TypeError(
            f"{type(model).__name__} with {type(policy).__name__} cannot be kept as an opponent: "
            "banks hold feed-forward policies of vectors and continuous actions; train e.g. PPO, "
            "PPOTracking, or Stable-Baselines3's PPO, SAC or TD3 with 'MlpPolicy'"
        )
    return found


def _of_actor_critic(network: ActorCritic, model: LifetimeAlgorithm) -> Arrays | None:
    learners = model._acting_learners()
    parts = network.layout.unflatten(learners["policy"])
    own = "policy." if "policy.torso.0.weight" in parts else ""
    layers = [name for name in parts if name.startswith(f"{own}torso.")]
    plain = {f"{own}torso.{n}.{part}" for n in range(len(layers) // 2) for part in _PARTS}
    last = parts.get(f"{own}heads.weight")
    if network.memory or set(layers) != plain or last is None or "log_std" not in parts:
        return None
    actions = parts["log_std"].shape[1]
    named = {f"layers.{name.removeprefix(f'{own}torso.')}": parts[name] for name in layers}
    named |= {f"{_LAST}.{part}": parts[f"{own}heads.{part}"][:, :actions] for part in _PARTS}
    torso = network._branches[0].torso  # all have the same activation
    relu = {RELU: _ONE} if getattr(torso, "activation", None) is ACTIVATIONS["relu"] else {}
    return {name: _array(part[0]) for name, part in named.items()} | relu


def _of_per_task(policy: PerTaskPolicy) -> Arrays | None:
    state = policy.state_dict()
    if f"{_LAST}.weight" not in state:
        return None
    kept = ("layers.", f"{_LAST}.", "standardise.moments")
    return {name: _array(part) for name, part in state.items() if name.startswith(kept)}


def _of_stable_baselines(policy: Any) -> Arrays | None:
    if policy.features_extractor_class is not FlattenExtractor:
        return None
    if isinstance(policy, ActorCriticPolicy):
        body, last, squash = (
            policy.mlp_extractor.policy_net,
            policy.action_net,
            policy.squash_output,
        )
    elif isinstance(policy, SACPolicy):
        body, last, squash = policy.actor.latent_pi, policy.actor.mu, True
    else:
        *body, last, _ = policy.actor.mu
        squash = True
    layers = [layer for layer in body if isinstance(layer, nn.Linear)]
    between = {type(layer) for layer in body} - {nn.Linear}
    if not isinstance(last, nn.Linear) or between not in ({nn.Tanh}, {nn.ReLU}):
        return None
    named: Mapping[str, nn.Linear] = {
        **{f"layers.{index}": layer for index, layer in enumerate(layers)},
        _LAST: last,
    }
    arrays = {
        f"{name}.{part}": _array(getattr(layer, part))
        for name, layer in named.items()
        for part in _PARTS
    }
    relu = {RELU: _ONE} if between == {nn.ReLU} else {}
    return arrays | relu | ({SQUASH: _ONE} if squash else {})


_PARTS = ("weight", "bias")


def _array(part: Any) -> np.ndarray:
    return part.detach().cpu().numpy()[None].copy()
