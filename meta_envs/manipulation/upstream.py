"""Meta-World's own environments: one of each, and where an episode of a goal begins.

A reset of theirs moves the hand through some hundred physics steps. It depends on the goal alone,
so what it leaves is kept, and a further episode with that goal costs nothing.
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
_KEPT = 8192  # goals whose beginnings are kept, about 6 KiB each
_FOREVER = 2**62  # steps; horizons are the core's
_POSES = ("xpos", "xquat", "xmat", "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "qpos")
_PLAIN = (bool, int, float, str, np.ndarray, np.generic, type(None))


@dataclass(frozen=True)
class Beginning:
    """What a reset of an environment with a goal leaves; nothing of it is written into.

    Attributes:
        observation: The first one, [39].
        state: All that `mj_step` begins with.
        body_pos: Of the model, which tells where furniture stands.
        site_pos: Of the model, which tells where targets are.
        attributes: Of upstream's environment, without those that are `live`.
        live: Attributes of it that are no copies but views of `MjData`, so that they follow what
            they were read from (a slip of upstream's, which its rewards depend on): the field, and
            from where to where in it.
        target: Where the task is done, [3].
    """

    observation: np.ndarray
    state: np.ndarray
    body_pos: np.ndarray
    site_pos: np.ndarray
    attributes: dict[str, Any]
    live: dict[str, tuple[str, int, int]]
    target: np.ndarray


class Episode:
    """An episode that an `Original` plays, among others.

    Args:
        beginning: Where it begins.
    """

    def __init__(self, beginning: Beginning):
        self.body_pos, self.site_pos = beginning.body_pos, beginning.site_pos
        self.state = beginning.state.copy()
        self.attributes = copy.deepcopy(beginning.attributes)


class Original:
    """One of Meta-World's environments, through which many episodes are played in turn.

    Args:
        name: Of the environment.
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
            ValueError: If upstream draws another goal, as it finds this one none.
        """
        with self._lock:
            # As if it were the first episode: some environments leave things behind.
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
        """Go one step on in an episode, with upstream's own `step`.

        Args:
            episode: Which one; it is changed.
            action: Float32 [4].

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
        """Return the attributes that are values: not models, spaces, generators, live views."""
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
        # Older versions of Gymnasium (1.1 does) insist on this one, which metaworld does not name.
        modes.append("rgbd_tuple")
        return ALL_V3_ENVIRONMENTS[name](reward_function_version=reward_version)


@cache
def original(name: str, reward_version: str = "v2") -> Original:
    """Return the environment of a name, of which each process makes one."""
    return Original(name, reward_version)


def begin(name: str, goal: np.ndarray, reward_version: str = "v2") -> Beginning:
    """Return where an episode of an environment begins with a goal [6]."""
    return _begin(name, reward_version, goal.tobytes())


@lru_cache(maxsize=_KEPT)
def _begin(name: str, reward_version: str, goal: bytes) -> Beginning:
    return original(name, reward_version).begin(np.frombuffer(goal))


def scripted_action(name: str, observation: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return what upstream's scripted policy does, float32 [4], given the goal that it needs.

    Args:
        name: Of the environment.
        observation: Of which the goal is hidden, [39].
        goal: Of the task, [6].
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
        any_mujoco: Go on with any.

    Raises:
        ImportError: If it is another one; says which, and why it matters.
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
    """Return a draw that gives the goal, and complains where it is rejected: twice a reset."""
    draws = iter((goal, goal))

    def draw() -> np.ndarray:
        for drawn in draws:
            return drawn
        raise ValueError(f"goal {goal.tolist()} is none of {name}: it lies too near the object")

    return draw
