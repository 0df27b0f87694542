"""A trial as one episode: what a plain recurrent agent needs to see. R rows, D features."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorWrapper
from gymnasium.vector.utils import batch_space

from ..core import batches
from ..core.arguments import positive
from ..core.autoreset import final_info, require_same_step
from ..core.single import MetaEnv
from ..core.vector import MetaVectorEnv

# Infos of an ended episode, which does not mark the end of a trial.
_OF_EPISODES = ("final_obs", "_final_obs", "final_info", "_final_info")
_FLAT = (spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)


class TrialObservation:
    """Builds `[observation, previous action, previous reward, episode start]` for rows.

    Vector and Discrete observations become one flat float32 vector (discrete parts one-hot); image
    and Dict observations stay unchanged, in a Dict with `previous_action`, `previous_reward` and
    `episode_start` as further keys (an image under `observation`).

    Args:
        observation_space: Observation space of one row of the raw environment.
        action_space: Action space of one row.
    """

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Space):
        self.raw_space = observation_space
        self._action_space = action_space
        self.observation_size = _flat_size(observation_space)
        action_size = _flat_size(action_space)
        if action_size is None:
            raise TypeError(
                f"{action_space} cannot be flattened; use Box, Discrete, MultiDiscrete or "
                "MultiBinary"
            )
        self.action_size = action_size
        extra = {
            "previous_action": _unbounded(action_size),
            "previous_reward": _unbounded(1),
            "episode_start": spaces.Box(0.0, 1.0, (1,), np.float32),
        }
        self.space: spaces.Space
        if self.observation_size is not None:
            self.size = self.observation_size + action_size + 2
            self.space = self._flat_space()
        elif isinstance(observation_space, spaces.Dict):
            self.space = spaces.Dict({**observation_space.spaces, **extra})
        else:
            self.space = spaces.Dict({"observation": observation_space, **extra})

    def build(
        self, observations: Any, actions: np.ndarray, rewards: np.ndarray, starts: np.ndarray
    ) -> Any:
        """Build the observations of R rows.

        Args:
            observations: Raw observations, [R, ...].
            actions: Previous actions as `flat_actions` gives them, float32 [R, A]; zeros at a
            trial's start.
            rewards: Previous rewards, [R]; 0 at a trial's start.
            starts: Whether an episode starts with this observation, bool [R].

        Returns:
            float32 [R, D], or a dict.
        """
        if self.observation_size is None:
            parts = (
                observations if isinstance(observations, dict) else {"observation": observations}
            )
            return {
                **parts,
                "previous_action": actions,
                "previous_reward": np.asarray(rewards, np.float32)[:, None],
                "episode_start": np.asarray(starts, np.float32)[:, None],
            }
        built = np.zeros((len(rewards), self.size), dtype=np.float32)
        write_flat(self.raw_space, observations, built[:, : self.observation_size])
        built[:, self.observation_size : -2] = actions
        built[:, -2] = rewards
        built[:, -1] = starts
        return built

    def flat_actions(self, actions: np.ndarray) -> np.ndarray:
        """Flatten actions [R, ...] to float32 [R, A]: one-hot if discrete, clipped if in a Box."""
        flat = np.zeros((len(actions), self.action_size), dtype=np.float32)
        if isinstance(self._action_space, spaces.Box):
            actions = np.clip(actions, self._action_space.low, self._action_space.high)
        write_flat(self._action_space, actions, flat)
        return flat

    def flat_observations(self, observations: Any) -> np.ndarray:
        """Flatten raw observations [R, ...] to float32 [R, D]; discrete parts become one-hot."""
        assert self.observation_size is not None
        flat = np.zeros((len(observations), self.observation_size), dtype=np.float32)
        write_flat(self.raw_space, observations, flat)
        return flat

    def _flat_space(self) -> spaces.Box:
        assert self.observation_size is not None
        low = np.full(self.size, -np.inf, dtype=np.float32)
        high = np.full(self.size, np.inf, dtype=np.float32)
        end = self.observation_size + self.action_size
        for space, part in (
            (self.raw_space, slice(0, self.observation_size)),
            (self._action_space, slice(self.observation_size, end)),
        ):
            if isinstance(space, spaces.Box):
                # All zeros means no previous action, so zero must always be inside.
                low[part] = np.minimum(space.low.ravel(), 0)
                high[part] = np.maximum(space.high.ravel(), 0)
            else:
                low[part], high[part] = 0.0, 1.0
        low[-1], high[-1] = 0.0, 1.0
        return spaces.Box(low, high, dtype=np.float32)


class TrialWrapper(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """Makes a trial one Gymnasium episode: K episodes of one task, seen through `TrialObservation`.

    Inside a trial the next episode's first observation replaces the final one; the trial's last
    step is `terminated=True`, and no other is. `reset` starts a new trial. Setting a task during
    a trial ends that trial with the current episode.

    Args:
        env: A `gym.make` environment with the task API.
        episodes: Episodes per trial; None means the environment's `episodes_per_trial`.

    Raises:
        TypeError: If the environment has no task API.
        ValueError: If `episodes` is not positive.
    """

    def __init__(self, env: gym.Env, episodes: int | None = None):
        gym.utils.RecordConstructorArgs.__init__(self, episodes=episodes)
        gym.Wrapper.__init__(self, env)
        inside = env.unwrapped
        if not isinstance(inside, MetaEnv):
            raise TypeError(f"{env} has no task API; TrialWrapper takes environments of meta_envs")
        own = inside.episodes_per_trial
        self.episodes = own if episodes is None else positive("episodes", episodes)
        self._trials = inside._clock
        self._builder = TrialObservation(env.observation_space, env.action_space)
        self.observation_space = self._builder.space
        self._episode = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a trial (`options["keep_task"]` True keeps the task)."""
        options = {"keep_task": False, **(options or {})}
        observation, info = self.env.reset(seed=seed, options=options)
        self._episode = 0
        no_action = np.zeros(self._builder.action_size, dtype=np.float32)
        return self._built(observation, no_action, 0.0, True), {**info, "trial_episode": 0}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step; where an episode of the trial ends, the next one begins."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        flat = self._builder.flat_actions(np.asarray(action)[None])[0]
        ended = terminated or truncated
        info = {**info, "trial_episode": self._episode, "episode_end": ended}
        # A task set meanwhile acts at the next reset: the trial is over, as in the batched twin.
        over = self._episode + 1 == self.episodes or self._trials.is_pending(0)
        last = ended and over
        if ended and not last:
            self._episode += 1
            observation, _ = self.env.reset(options={"keep_task": True})
        return self._built(observation, flat, float(reward), ended), reward, last, False, info

    def _built(self, observation: Any, action: np.ndarray, reward: float, start: bool) -> Any:
        batch = batches.stack([observation])
        built = self._builder.build(batch, action[None], np.array([reward]), np.array([start]))
        return batches.take(built, 0)


class VectorTrialWrapper(VectorWrapper):
    """The batched twin of `TrialWrapper`: each row's trial is one episode of a vector environment.

    K is the environment's own `episodes_per_trial` (pass it to `gym.make_vec`).

    Args:
        env: A `MetaVectorEnv`.

    Raises:
        TypeError: If it is something else.
        ValueError: If its autoreset mode is not `SAME_STEP`.
    """

    env: Any

    def __init__(self, env: Any):
        super().__init__(env)
        if not isinstance(env.unwrapped, MetaVectorEnv):
            raise TypeError(f"{env} is not a MetaVectorEnv; make one with gymnasium.make_vec")
        require_same_step(env, "VectorTrialWrapper")
        self._builder = TrialObservation(env.single_observation_space, env.single_action_space)
        self.single_observation_space = self._builder.space
        self.observation_space = batch_space(self._builder.space, self.num_envs)
        self._no_actions = np.zeros((self.num_envs, self._builder.action_size), dtype=np.float32)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin a trial in every row.

        Raises:
            ValueError: If `reset_mask` is given: rows cannot be reset separately here.
        """
        if "reset_mask" in (options or {}):
            raise ValueError("VectorTrialWrapper resets all rows; reset_mask is not supported")
        options = {"keep_task": False, **(options or {})}
        observations, infos = self.env.reset(seed=seed, options=options)
        starts = np.ones(self.num_envs, dtype=bool)
        return self._builder.build(observations, self._no_actions, starts * 0.0, starts), infos

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row; a row terminates where its trial ends."""
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        ended, over = terminated | truncated, infos["trial_start"]
        flat = self._builder.flat_actions(np.asarray(actions))
        final = infos.get("final_obs")
        infos = {key: value for key, value in infos.items() if key not in _OF_EPISODES}
        if over.any():
            infos["final_obs"] = self._builder.build(final, flat, rewards, ended)
            infos["final_info"] = final_info(infos, over)
            infos["_final_obs"] = infos["_final_info"] = over.copy()
        shown = np.where(over[:, None], self._no_actions, flat)
        built = self._builder.build(observations, shown, np.where(over, 0.0, rewards), ended)
        infos["episode_end"] = ended
        return built, rewards, over.copy(), np.zeros(self.num_envs, dtype=bool), infos


def _flat_size(space: spaces.Space) -> int | None:
    """Return the size of the flat form; None for images and Dicts."""
    if isinstance(space, _FLAT):
        return spaces.flatdim(space)
    if isinstance(space, spaces.Box) and len(space.shape) <= 1:
        return int(np.prod(space.shape))
    return None


def write_flat(space: spaces.Space, values: Any, out: np.ndarray) -> None:
    """Write a batch [R, ...] in its flat form into `out` [R, F], which holds zeros."""
    rows = np.arange(len(out))
    if isinstance(space, spaces.Discrete):
        out[rows, np.asarray(values, np.int64) - space.start] = 1.0
    elif isinstance(space, spaces.MultiDiscrete):
        first = np.concatenate([[0], np.cumsum(space.nvec.ravel())[:-1]])
        place = (np.asarray(values, np.int64) - space.start).reshape(len(out), -1) + first
        out[rows[:, None], place] = 1.0
    else:
        out[:] = np.asarray(values).reshape(len(out), -1)


def _unbounded(size: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)
