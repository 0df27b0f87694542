"""The numbers of an environment: a body's defaults, replaced by a source's, then by a caller's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, ends, flag, number, whole
from .bodies import Body, load_model

Range = Sequence[float | None]

_MOST = 1e6  # of weights, offsets, noises and places: rewards stay finite
_TIMESTEPS = (1e-6, 1.0)  # seconds; outside these, physics diverges or stands still
_MOST_STEPS = 10_000  # of physics, per environment step
_MAY_BE_NONE = {
    *("timestep", "gear", "friction", "contact_cost_limit", "contact_force_limit"),
    *("healthy_z_range", "healthy_angle_range", "healthy_state_range"),
    *("goal_range", "sparse_radius"),
}


@dataclass(frozen=True)
class Settings:
    """What can be set in an environment; all are keyword arguments of `Locomotion`.

    Args:
        frame_skip: Physics steps per environment step.
        observation: Parts of an observation, see `observations`.
        timestep: Seconds per physics step; None: the MJCF's.
        gear: Gear of every motor; None: the body's own.
        friction: Sliding friction of every geom; None: the body's own.
        forward_reward_weight: Weight of the goal's reward.
        ctrl_cost_weight: Reward lost for each unit of squared action.
        contact_cost_weight: Reward lost for each unit of squared contact force (N, N m).
        contact_cost_limit: Highest contact cost; None for no limit.
        contact_force_limit: Contact forces are clipped to plus and minus this; None: not clipped.
        healthy_reward: Reward for each step that ends healthy.
        healthy_z_range: Height of the root, metres, (low, high); None for no limit, or as one end.
        healthy_angle_range: Pitch of the root, radians, in the same form.
        healthy_state_range: Every other coordinate, in the same form.
        terminate_when_unhealthy: Whether falling ends the episode.
        position_noise: Half width of the uniform noise on initial positions.
        velocity_noise: Half width (or standard deviation, if normal) of the noise on initial
            velocities.
        normal_velocities: Whether that noise is normal rather than uniform.
        goal_range: Lowest and highest goal in training; None: the goal's own.
        goal_offset: Constant added to the reward.
        goal_norm: `"l1"` or `"l2"`, the norm of distances to places.
        sparse_radius: Metres from a place beyond which the reward gives no direction; None: dense.

    Raises:
        ValueError: If a number is out of range.
    """

    frame_skip: int
    observation: Sequence[str]
    timestep: float | None = None
    gear: float | None = None
    friction: float | None = None
    forward_reward_weight: float = 1.0
    ctrl_cost_weight: float = 0.0
    contact_cost_weight: float = 0.0
    contact_cost_limit: float | None = None
    contact_force_limit: float | None = None
    healthy_reward: float = 0.0
    healthy_z_range: Range | None = None
    healthy_angle_range: Range | None = None
    healthy_state_range: Range | None = None
    terminate_when_unhealthy: bool = True
    position_noise: float = 0.0
    velocity_noise: float = 0.0
    normal_velocities: bool = False
    goal_range: Sequence[float] | None = None
    goal_offset: float = 0.0
    goal_norm: str = "l1"
    sparse_radius: float | None = None

    def __post_init__(self) -> None:
        """Check every number."""
        for field in fields(self):
            check = _CHECKS.get(field.name, _weight)
            value = getattr(self, field.name)
            if value is not None or field.name not in _MAY_BE_NONE:
                check(field.name, value)

    @classmethod
    def resolve(cls, body: Body, chosen: dict[str, Any]) -> Settings:
        """Apply the chosen settings to a body's defaults."""
        own = {field.name for field in fields(cls)}
        defaults = {name: value for name, value in vars(body).items() if name in own}
        return cls(**{**defaults, **chosen})


def _weight(name: str, value: Any) -> None:
    number(name, value, -_MOST, _MOST)


def _amount(name: str, value: Any) -> None:
    number(name, value, 0.0, _MOST)


def _size(name: str, value: Any) -> None:
    number(name, value, above=0.0, high=_MOST, otherwise=_NONE_MEANS[name])


def _parts(name: str, value: Any) -> None:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(isinstance(part, str) for part in value):
        raise ValueError(f"{name}={value!r} must be a list of parts, e.g. ['qpos:1', 'qvel']")


_NONE_MEANS = {
    "gear": "None for the MJCF's own",
    "friction": "None for the MJCF's own",
    "contact_cost_limit": "None for no limit",
    "contact_force_limit": "None for no limit",
    "sparse_radius": "None for a dense reward",
}
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "frame_skip": lambda name, value: whole(name, value, 1, _MOST_STEPS),
    "observation": _parts,
    "timestep": lambda name, value: number(
        name, value, *_TIMESTEPS, otherwise="None for the MJCF's own"
    ),
    **dict.fromkeys(_NONE_MEANS, _size),
    **dict.fromkeys(("position_noise", "velocity_noise"), _amount),
    **dict.fromkeys(("terminate_when_unhealthy", "normal_velocities"), flag),
    **dict.fromkeys(
        ("healthy_z_range", "healthy_angle_range", "healthy_state_range"),
        lambda name, value: ends(name, value, may_be_open=True),
    ),
    "goal_range": lambda name, value: ends(name, value, -_MOST, _MOST),
    "goal_norm": lambda name, value: choice(name, value, ("l1", "l2")),
}


def nominal_model(body: Body, settings: Settings) -> mujoco.MjModel:
    """Return a body with a source's time step, gear and friction."""
    model = copy.copy(load_model(body.file, body.boxes))
    if settings.timestep is not None:
        model.opt.timestep = settings.timestep
    if settings.gear is not None:
        model.actuator_gear[:, 0] = settings.gear
    if settings.friction is not None:
        model.geom_friction[:, 0] = settings.friction
    return model


def action_space(model: mujoco.MjModel) -> spaces.Box:
    """Return the space of the motors' controls."""
    low, high = model.actuator_ctrlrange.T.astype(np.float32)
    return spaces.Box(low, high, dtype=np.float32)
