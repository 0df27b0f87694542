"""What a policy is shown at a step, as one flat row. R rows, D numbers or bytes in a row.

O numbers in an observation, A in an action.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from meta_envs.wrappers.trial import TrialObservation, write_flat

_LEAVES = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
_NUMBER = 4  # bytes of a float32


class StepInputs(TrialObservation):
    """Builds flat rows from any observation: vectors, discrete ones, frames, and Dicts of these.

    Without frames a row is float32 `[observation, previous action, previous reward, episode
    start]`, a Dict key by key in order. With frames (uint8 Boxes with two or three axes) it is the
    bytes of these numbers, then the frames, which stay uint8 until a network reads them.
    `numbers` and `frames` take a row apart again.

    Args:
        observation_space: Space of one row's raw observations.
        action_space: Space of one row's actions.

    Raises:
        TypeError: If a part of the observation is of another kind.
    """

    observation_size: int  # O: all numbers but those of frames
    size: int  # O + A + 2

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Space):
        super().__init__(observation_space, action_space)
        self.frame_spaces: dict[tuple[str, ...], spaces.Box] = {}
        self._vectors: list[tuple[tuple[str, ...], spaces.Space, slice]] = []
        size = 0
        for path, space in _leaves(observation_space, ()):
            if _is_frame(space):
                assert isinstance(space, spaces.Box)
                self.frame_spaces[path] = space
            else:
                after = size + spaces.flatdim(space)
                self._vectors.append((path, space, slice(size, after)))
                size = after
        self.observation_size = size
        self.size = size + self.action_size + 2

    @property
    def row_size(self) -> int:
        """D: numbers of a row; where there are frames, bytes."""
        frames = sum(int(np.prod(one.shape)) for one in self.frame_spaces.values())
        return _NUMBER * self.size + frames if frames else self.size

    def build(
        self, observations: Any, actions: np.ndarray, rewards: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Build the rows of R observations.

        Args:
            observations: Raw observations, [R, ...].
            actions: Previous actions as `flat_actions` gives them, float32 [R, A].
            rewards: Previous rewards, [R].
            starts: Whether an episode starts with this observation, bool [R].

        Returns:
            float32 [R, D], or uint8 [R, D] where there are frames.
        """
        num_rows = len(rewards)
        numbers = np.zeros((num_rows, self.size), dtype=np.float32)
        self._write(observations, numbers)
        numbers[:, self.observation_size : -2] = actions
        numbers[:, -2] = rewards
        numbers[:, -1] = starts
        if not self.frame_spaces:
            return numbers
        frames = [_at(observations, path).reshape(num_rows, -1) for path in self.frame_spaces]
        return np.concatenate([numbers.view(np.uint8), *frames], axis=1)

    def flat_observations(self, observations: Any) -> np.ndarray:
        """Return the numbers of raw observations, all but the frames: float32 [R, O]."""
        paths = [*self.frame_spaces, *(path for path, _, _ in self._vectors)]
        num_rows = len(_at(observations, paths[0]))
        flat = np.zeros((num_rows, self.observation_size), dtype=np.float32)
        self._write(observations, flat)
        return flat

    def numbers(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return all but the frames, float32 [..., O + A + 2], of rows [..., D]."""
        if not self.frame_spaces:
            return inputs
        # a copy of its own: only then does every number begin where a float32 may
        own = inputs[..., : _NUMBER * self.size].clone(memory_format=torch.contiguous_format)
        return own.view(torch.float32)

    def frames(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Return the frames of rows [..., D]: uint8 [..., *shape] of each of `frame_spaces`."""
        found, begin = [], _NUMBER * self.size
        for space in self.frame_spaces.values():
            end = begin + int(np.prod(space.shape))
            found.append(inputs[..., begin:end].reshape(*inputs.shape[:-1], *space.shape))
            begin = end
        return found

    def _write(self, observations: Any, out: np.ndarray) -> None:
        """Write the numbers of R observations into the first O columns of zeros [R, ...]."""
        for path, space, part in self._vectors:
            write_flat(space, _at(observations, path), out[:, part])

    def require_numbers(self, what: str) -> None:
        """Refuse frames.

        Args:
            what: What cannot take them, for the message.

        Raises:
            ValueError: If the observation has frames.
        """
        if self.frame_spaces:
            raise ValueError(f"{what} reads numbers, and the observation has frames")


def vector_inputs(
    observation_space: spaces.Space, action_space: spaces.Space, policy: str
) -> StepInputs:
    """Return the inputs of a policy that takes all but frames.

    Args:
        observation_space: Space of one row's observations.
        action_space: Space of one row's actions.
        policy: The policy's name, for the message.

    Raises:
        TypeError: If there are frames, or parts that no policy takes.
    """
    inputs = StepInputs(observation_space, action_space)
    if inputs.frame_spaces:
        raise TypeError(
            f"observation_space={observation_space}: {policy} takes vectors, discrete observations "
            "and Dicts of these, but no uint8 frames; RL2 and L2RL do, or flatten them to vectors "
            "in the environment"
        )
    return inputs


def shown_rows(builder: TrialObservation, observation: Any, reward_scale: float) -> Any:
    """Return `TrialWrapper`'s observations as the rows that a builder builds.

    Args:
        builder: The policy's builder.
        observation: One observation, or R of them.
        reward_scale: The policy's scale of rewards.

    Returns:
        Rows [R, D], and whether it was one observation.

    Raises:
        ValueError: If the observation is not `TrialWrapper`'s.
    """
    if isinstance(builder.space, spaces.Dict):
        return _shown_dicts(builder, observation, reward_scale)
    shown = np.asarray(observation)
    size = builder.size
    if shown.dtype.kind != "f" or shown.ndim not in (1, 2) or shown.shape[-1] != size:
        raise _not_shown(f"observation of {size} numbers, not {shown.dtype} of shape {shown.shape}")
    rows = np.atleast_2d(shown).astype(np.float32)
    rows[:, -2] = rows[:, -2].astype(np.float64) * reward_scale  # as the inner loop does
    return rows, shown.ndim == 1


def _shown_dicts(builder: TrialObservation, observation: Any, reward_scale: float) -> Any:
    assert isinstance(builder.space, spaces.Dict)
    keys = list(builder.space.spaces)
    if not isinstance(observation, Mapping) or set(observation) != set(keys):
        given = sorted(observation) if isinstance(observation, Mapping) else type(observation)
        raise _not_shown(f"observation with the keys {keys}, not {given}")
    single = np.ndim(observation["previous_reward"]) == 1
    whole: Any = _expanded(dict(observation)) if single else observation
    own = ("previous_action", "previous_reward", "episode_start")
    raw: Any = {key: part for key, part in whole.items() if key not in own}
    if not isinstance(builder.raw_space, spaces.Dict):
        raw = raw["observation"]
    actions, rewards, starts = (np.asarray(whole[key]) for key in own)
    rewards = rewards[:, 0].astype(np.float64) * reward_scale
    return builder.build(raw, actions, rewards, starts[:, 0] > 0), single


def _not_shown(what: str) -> ValueError:
    return ValueError(
        f"predict takes TrialWrapper's {what}; wrap the env in meta_envs.wrappers.TrialWrapper, or "
        "act through inner_loop"
    )


def _expanded(observation: Any) -> Any:
    if isinstance(observation, Mapping):
        return {key: _expanded(part) for key, part in observation.items()}
    return np.asarray(observation)[None]


def _leaves(
    space: spaces.Space, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], spaces.Space]]:
    """Yield the parts of a space that are not Dicts, with the keys that lead to them."""
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from _leaves(part, (*path, key))
    elif isinstance(space, _LEAVES):
        yield path, space
    else:
        raise TypeError(
            f"observation_space has {space} at {'.'.join(path) or 'its top'}; allowed are Box, "
            "Discrete, MultiDiscrete, MultiBinary and Dicts of these"
        )


def _is_frame(space: spaces.Space) -> bool:
    if not isinstance(space, spaces.Box) or space.dtype != np.uint8 or len(space.shape) < 2:
        return False
    if len(space.shape) > 3:
        raise TypeError(f"{space}: frames are [height, width] or have one axis of channels beside")
    return True


def _at(observations: Any, path: tuple[str, ...]) -> np.ndarray:
    for key in path:
        observations = observations[key]
    return np.asarray(observations)
