"""Which decoders an agent has, by its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from gymnasium import spaces
from torch import nn

from meta_envs.wrappers import TrialObservation

from .decoders import CellDecoder, RewardDecoder, StateDecoder, TaskDecoder


def make_decoders(
    builder: TrialObservation,
    observation_space: spaces.Space,
    latent_size: int,
    net_arch: Sequence[int],
    *,
    reward: str | None,
    state: bool,
    task_size: int,
) -> nn.ModuleDict:
    """Make decoders by name: `"reward"`, `"state"`, `"task"`.

    Args:
        builder: Builder of the inputs.
        observation_space: Space of one row.
        latent_size: L.
        net_arch: Widths of the layers of each decoder.
        reward: `"steps"`, `"cells"`, `"goal"` or None.
        state: Whether to decode successors.
        task_size: Numbers of a flat task; 0 does not decode it.

    Raises:
        TypeError: If cells are requested but observations are not a grid.
    """
    assert builder.observation_size is not None
    sizes = (builder.observation_size, builder.action_size)
    decoders = nn.ModuleDict()
    if reward in ("cells", "goal"):
        one_pays = reward == "goal"
        decoders["reward"] = CellDecoder(latent_size, observation_space, net_arch, one_pays)
    elif reward == "steps":
        decoders["reward"] = RewardDecoder(latent_size, *sizes, net_arch)
    if state:
        decoders["state"] = StateDecoder(latent_size, *sizes, net_arch)
    if task_size:
        decoders["task"] = TaskDecoder(latent_size, task_size, net_arch)
    return decoders
