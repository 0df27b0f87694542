"""The numbers of an environment: a body's defaults, over them a source's, over them a caller's."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import mujoco

from .bodies import Body, load_model

Range = Sequence[float | None]


@dataclass(frozen=True)
class Settings:
    """What can be set of an environment; all are keyword arguments of `Locomotion`.

    Args:
        frame_skip: Physics steps an environment step.
        observation: Parts of an observation, see `observations`.
        timestep: Seconds a physics step; None is the MJCF's.
        gear: Of every motor; None is the body's own.
        friction: Sliding friction of every geom; None is the body's own.
        forward_reward_weight: Of the goal's reward.
        ctrl_cost_weight: Reward lost for each unit of squared action.
        contact_cost_weight: Reward lost for each unit of squared contact force (N, N m).
        contact_cost_limit: Highest contact cost; None for no limit.
        contact_force_limit: Contact forces are clipped to plus and minus this; None is not at all.
        healthy_reward: For each step that ends healthy.
        healthy_z_range: Height of the root, metres, (low, high); None for no limit, or no end.
        healthy_angle_range: Pitch of the root, radians; the same.
        healthy_state_range: Of every other coordinate; the same.
        terminate_when_unhealthy: Whether falling ends the episode.
        position_noise: Half width of the uniform noise on first positions.
        velocity_noise: Half width (or standard deviation, if normal) of the noise on first
            velocities.
        normal_velocities: Whether that noise is normal rather than uniform.
        goal_range: Lowest and highest goal in training; None is the goal's own.
        goal_offset: Constant added to the reward.
        goal_norm: `"l1"` or `"l2"`, of distances to places.
        sparse_radius: Metres from a place beyond which nothing shows the way; None is dense.

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
        """Check the numbers."""
        for name in ("position_noise", "velocity_noise"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)!r} must be at least 0")
        for name in ("timestep", "gear", "friction"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value!r} must be positive, or None for the MJCF's own")
        for field in fields(self):
            if field.name.endswith("_range"):
                ends(field.name, getattr(self, field.name))

    @classmethod
    def resolve(cls, body: Body, chosen: dict[str, Any]) -> Settings:
        """Put what was chosen over a body's defaults."""
        own = {field.name for field in fields(cls)}
        defaults = {name: value for name, value in vars(body).items() if name in own}
        return cls(**{**defaults, **chosen})


def ends(name: str, values: Range | None) -> tuple[float, float]:
    """Return the ends of a range as numbers; None stands for no end.

    Raises:
        ValueError: If it is no range.
    """
    if values is None:
        return -float("inf"), float("inf")
    if len(values) != 2:
        raise ValueError(f"{name}={values!r} must be (low, high)")
    low = -float("inf") if values[0] is None else float(values[0])
    high = float("inf") if values[1] is None else float(values[1])
    if not low < high:
        raise ValueError(f"{name}={values!r} must be (low, high) with low < high")
    return low, high


def nominal_model(body: Body, settings: Settings) -> mujoco.MjModel:
    """Return a body with a source's time step, gear and friction."""
    model = copy.copy(load_model(body.file))
    if settings.timestep is not None:
        model.opt.timestep = settings.timestep
    if settings.gear is not None:
        model.actuator_gear[:, 0] = settings.gear
    if settings.friction is not None:
        model.geom_friction[:, 0] = settings.friction
    return model
