"""Meta-World's own environments: one of each, and the start of an episode with a given goal.

Their reset moves the hand through some hundred physics steps. It depends only on the goal, so its
result is kept, and a further episode with that goal costs nothing.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from typing import Any

import metaworld  # noqa: F401  before MuJoCo, so that what is missing is called by its name
import mujoco
import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from metaworld.policies import ENV_POLICY_MAP
from metaworld.sawyer_xyz_env import SawyerXYZEnv

from ..physics.bodies import quieten
from .benchmarks import unpadded

WHOLE_STATE = int(mujoco.mjtState.mjSTATE_INTEGRATION)
_KEPT = 8192  # goals whose beginnings are kept, each about 6 KiB
_FOREVER = 2**62  # steps; the core truncates episodes
_POSES = ("xpos", "xquat", "xmat", "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "qpos")
_PLAIN = (bool, int, float, str, np.ndarray, np.generic, type(None))


@dataclass(frozen=True)
class Beginning:
    """Result of an environment's reset with a goal; never written into.

    Attributes:
        observation: The first one, [39].
        state: The whole state that `mj_step` starts from.
        body_pos: The model's, which says where furniture stands.
        site_pos: The model's, which says where targets are.
        attributes: Attributes of upstream's environment, except those in `live`.
        live: Attributes that are not copies but views of `MjData`, so that they follow the values
            they were read from (a slip of upstream's, on which its rewards depend): the field, and
            start and end in it.
        target: Position of the target, [3].
    """

    observation: np.ndarray
    state: np.ndarray
    body_pos: np.ndarray
    site_pos: np.ndarray
    attributes: dict[str, Any]
    live: dict[str, tuple[str, int, int]]
    target: np.ndarray


class Episode:
    """One of the episodes that an `Original` plays.

    Args:
        beginning: Start of the episode.
    """

    def __init__(self, beginning: Beginning):
        self.body_pos, self.site_pos = beginning.body_pos, beginning.site_pos
        self.state = beginning.state.copy()
        self.attributes = copy.deepcopy(beginning.attributes)


class Original:
    """One of Meta-World's environments, through which many episodes are played in turn.

    Args:
        name: Name of the environment.
        reward_version: `"v2"` or `"v1"`.
    """

    def __init__(self, name: str, reward_version: str):
        quieten()
        self.name = name
        self._lock = threading.RLock()
        self.env = environment(name, reward_version)
        self.env.max_path_length = _FOREVER
        self.env._set_task_called = True
        self.env._freeze_rand_vec = True
        self._fresh = copy.deepcopy(self._attributes())
        self._fresh_places = self._places()

    def begin(self, goal: np.ndarray) -> Beginning:
        """Reset with a goal [6].

        Raises:
            ValueError: If upstream rejects this goal and draws another.
        """
        with self._lock:
            # As if it were the first episode: some environments keep values from the last one.
            self._take_on(copy.deepcopy(self._fresh), *self._fresh_places)
            env = self.env
            env._last_rand_vec = unpadded(self.name, goal)
            env._get_state_rand_vec = _once_a_reset(env._last_rand_vec, self.name)
            try:
                observation, _ = env.reset()
            finally:
                del env._get_state_rand_vec
            state = np.empty(mujoco.mj_stateSize(env.model, WHOLE_STATE))
            mujoco.mj_getState(env.model, env.data, state, WHOLE_STATE)
            attributes, target = copy.deepcopy(self._attributes()), env._target_pos.copy()
            return Beginning(observation, state, *self._places(), attributes, self._live(), target)

    def step(
        self, episode: Episode, action: np.ndarray
    ) -> tuple[np.ndarray, float, dict[str, Any]]:
        """Take one step of an episode with upstream's own `step`.

        Args:
            episode: The episode, which is changed.
            action: Action, float32 [4].

        Returns:
            Observation [39], reward and info.
        """
        with self._lock:
            env = self.env
            self._take_on(episode.attributes, episode.body_pos, episode.site_pos)
            mujoco.mj_setState(env.model, env.data, episode.state, WHOLE_STATE)
            observation, reward, _, _, info = env.step(action)
            mujoco.mj_getState(env.model, env.data, episode.state, WHOLE_STATE)
            episode.attributes = self._attributes()
            return observation, float(reward), info

    def posed(
        self, state: np.ndarray, body_pos: np.ndarray, site_pos: np.ndarray
    ) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """Return model and data in a state, for a picture; the next call changes them."""
        env = self.env
        env.model.body_pos[:], env.model.site_pos[:] = body_pos, site_pos
        mujoco.mj_setState(env.model, env.data, state, WHOLE_STATE)
        mujoco.mj_forward(env.model, env.data)
        return env.model, env.data

    def _take_on(
        self, attributes: dict[str, Any], body_pos: np.ndarray, site_pos: np.ndarray
    ) -> None:
        mine = vars(self.env)
        for key in self._attributes().keys() - attributes.keys():
            del mine[key]
        mine.update(attributes)
        self.env.model.body_pos[:], self.env.model.site_pos[:] = body_pos, site_pos

    def _attributes(self) -> dict[str, Any]:
        """Return the attributes that are values: no models, spaces, generators or live views."""
        live = self._live()
        return {
            key: value
            for key, value in vars(self.env).items()
            if key not in live and _is_value(value)
        }

    def _live(self) -> dict[str, tuple[str, int, int]]:
        found = {}
        for key, value in vars(self.env).items():
            if not isinstance(value, np.ndarray) or value.base is None:
                continue
            for field in _POSES:
                whole = getattr(self.env.data, field)
                if np.may_share_memory(value, whole):
                    first, start = (one.__array_interface__["data"][0] for one in (value, whole))
                    place = (first - start) // whole.itemsize
                    found[key] = (field, place, place + value.size)
        return found

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        return self.env.model.body_pos.copy(), self.env.model.site_pos.copy()


def environment(name: str, reward_version: str = "v2") -> Any:
    """Make one of Meta-World's environments."""
    try:
        return ALL_V3_ENVIRONMENTS[name](reward_function_version=reward_version)
    except AssertionError:
        modes = SawyerXYZEnv.metadata["render_modes"]
        if "rgbd_tuple" in modes:
            raise
        # Older versions of Gymnasium (such as 1.1) require this one, which metaworld does not set.
        modes.append("rgbd_tuple")
        return ALL_V3_ENVIRONMENTS[name](reward_function_version=reward_version)


@cache
def original(name: str, reward_version: str = "v2") -> Original:
    """Return the environment with a name; each process makes it once."""
    return Original(name, reward_version)


def begin(name: str, goal: np.ndarray, reward_version: str = "v2") -> Beginning:
    """Return the start of an environment's episode with a goal [6]."""
    return _begin(name, reward_version, goal.tobytes())


@lru_cache(maxsize=_KEPT)
def _begin(name: str, reward_version: str, goal: bytes) -> Beginning:
    return original(name, reward_version).begin(np.frombuffer(goal))


def scripted_action(name: str, observation: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return the action of upstream's scripted policy, float32 [4], which needs the goal.

    Args:
        name: Name of the environment.
        observation: Observation whose goal is hidden, [39].
        goal: Goal of the task, [6].
    """
    seen = np.array(observation, dtype=np.float64)
    seen[-3:] = begin(name, goal).target
    return np.clip(_policy(name).get_action(seen), -1.0, 1.0).astype(np.float32)


@cache
def _policy(name: str) -> Any:
    return ENV_POLICY_MAP[name]()


def check_mujoco(any_mujoco: bool) -> None:
    """Refuse a MuJoCo other than the one that the installed Meta-World pins.

    Args:
        any_mujoco: Accept any version.

    Raises:
        ImportError: If it is another version; the error says which, and why it matters.
    """
    pinned = _pinned()
    if any_mujoco or pinned in (None, mujoco.__version__):
        return
    raise ImportError(
        f"mujoco {mujoco.__version__} is installed, but metaworld {metadata.version('metaworld')} "
        f"is made for mujoco {pinned}: with another one bodies move otherwise, and returns and "
        'success rates cannot be compared. Run pip install "metazoo[metaworld]" in an environment '
        "of its own, or give any_mujoco=True to go on with figures that are yours alone"
    )


def _pinned() -> str | None:
    for requirement in metadata.requires("metaworld") or ():
        found = re.match(r"mujoco\s*\(?==\s*([\w.]+)", requirement)
        if found:
            return found[1]
    return None


def _is_value(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_value, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_value, value))
    return isinstance(value, _PLAIN)


def _once_a_reset(goal: np.ndarray, name: str) -> Callable[[], np.ndarray]:
    """Return a draw that gives the goal and raises if it is rejected: called twice per reset."""
    draws = iter((goal, goal))

    def draw() -> np.ndarray:
        for drawn in draws:
            return drawn
        raise ValueError(f"goal {goal.tolist()} is none of {name}: it lies too near the object")

    return draw
