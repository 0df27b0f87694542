"""Tools for checking the laws of the task API: one id, transcripts of play, clear complaints."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.registration import card, load_family
from ..core.single import MetaEnv
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv

CUT = 12  # horizon set by laws on ids that truncate: short, but not one step
MOST_STEPS = 1000  # most steps played of an episode that does not end

# Cures use the terms of batched families; these are the terms for scalar ones.
_SCALAR_WORDS = {
    "begin_episodes": "begin_episode",
    "step_rows": "step",
    "self.random": "self.np_random",
    "render_row": "render",
}

Transcript = list[tuple[str, Any]]  # observed events in order: ("step 3: reward", 0.5), ...


class LawBroken(Exception):
    """A task distribution breaks a law of the task API: which law, where, and what to do.

    Args:
        broken: Id and law, with seed and task where they matter.
        seen: What was seen instead.
        do: What the author of the family can do.
        at: Method, file and line of the author's code that raised an error; None if none did.
    """

    def __init__(self, broken: str, seen: str, do: str, at: str | None = None):
        place = "" if at is None else f" in {at}"
        super().__init__(f"{broken}: {seen}{place}. {do}.")
        self.broken, self.seen, self.do, self.at = broken, seen, do, at


class Case:
    """One id under one law, with the current seed and task, which complaints name.

    Args:
        id: Id of a registered task distribution.
        law: Name of the law.
        env_kwargs: Keyword arguments to make the id with.
    """

    def __init__(self, id: str, law: str, env_kwargs: dict[str, Any]):
        self.id = id
        self.law = law
        self.env_kwargs = env_kwargs
        self.seed: int | None = None
        self.task: Task | None = None
        self.advice: list[str] = []

    @property
    def family(self) -> type:
        """The class of the family."""
        return load_family(card(self.id).family)

    @property
    def batched(self) -> bool:
        """Whether the family is batched (a `MetaVectorEnv`), not scalar (a `MetaEnv`)."""
        return issubclass(self.family, MetaVectorEnv)

    @property
    def horizon(self) -> int | None:
        """Steps after which episodes are truncated; None if they never are."""
        registered = gym.spec(self.id).max_episode_steps
        steps = self.env_kwargs.get("max_episode_steps", registered)
        return None if steps == -1 else steps

    def advise(self, text: str) -> None:
        """Record something the author may want to change although it breaks no law."""
        if text not in self.advice:
            self.advice.append(text)

    def make(self, **more: Any) -> gym.Env:
        """Make one environment, as `gymnasium.make` does."""
        return gym.make(self.id, disable_env_checker=True, **self._arguments(more))

    def make_vec(self, num_envs: int, **more: Any) -> MetaVectorEnv:
        """Make a batch, as `gymnasium.make_vec` does."""
        venv = gym.make_vec(self.id, num_envs=num_envs, **self._arguments(more))
        self.require(
            isinstance(venv, MetaVectorEnv),
            f"gymnasium.make_vec gave a {type(venv).__name__}, not a MetaVectorEnv",
            "register the id with meta_envs.register",
        )
        return venv  # type: ignore[return-value]

    def start(
        self, env: gym.Env, seed: int | None = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Reset an environment and remember seed and task for complaints."""
        if seed is not None:
            self.seed = seed
        observation, info = env.reset(seed=seed, options=options or None)
        self.task = task_api(env).task
        return observation, info

    def require(self, holds: Any, seen: str, do: str) -> None:
        """Complain unless something holds.

        Args:
            holds: Whether it does.
            seen: What was seen instead.
            do: What the author of the family can do.

        Raises:
            LawBroken: If it does not hold.
        """
        if not holds:
            raise self.broken(seen, do)

    def broken(self, seen: str, do: str, at: str | None = None) -> LawBroken:
        """Return the complaint; `at` is where the author's code raised an error."""
        with contextlib.suppress(Exception):  # if loading fails, that is the complaint
            for ours, theirs in {} if self.batched else _SCALAR_WORDS.items():
                do = do.replace(ours, theirs)
        where = "" if self.seed is None else f", seed {self.seed}"
        task = "" if self.task is None else f", task {shown(self.task)}"
        made = f" (made with {self.env_kwargs})" if self.env_kwargs else ""
        return LawBroken(f"{self.id}{made} breaks the {self.law} law{where}{task}", seen, do, at)

    def same(self, one: Transcript, other: Transcript, between: str, do: str) -> None:
        """Complain unless two transcripts are equal, bit for bit."""
        for (what, left), (_, right) in zip(one, other, strict=False):
            if not same_bits(left, right):
                raise self.broken(f"{what} is {shown(left)} and {shown(right)} {between}", do)
        self.require(
            len(one) == len(other),
            f"episodes are {len(one)} and {len(other)} entries long {between}",
            do,
        )

    def refuses(
        self,
        act: Callable[[], Any],
        error: type[Exception] | tuple[type[Exception], ...],
        what: str,
        words: Sequence[str] = (),
    ) -> None:
        """Complain unless a call raises an error that contains certain words."""
        allowed = error if isinstance(error, tuple) else (error,)
        names = " or ".join(one.__name__ for one in allowed)
        try:
            act()
        except allowed as raised:
            missing = [word for word in words if word not in str(raised)]
            self.require(
                not missing,
                f"{what} raised {raised!r}, which does not say {missing}",
                "Say what was given, what is allowed and what to do",
            )
            return
        except Exception as raised:
            raise self.broken(f"{what} raised {raised!r}", f"Raise {names}") from raised
        raise self.broken(f"{what} was accepted", f"Raise {names}")

    def _arguments(self, more: dict[str, Any]) -> dict[str, Any]:
        arguments = {**self.env_kwargs, **more}
        horizon = gym.spec(self.id).max_episode_steps
        if horizon is not None:
            arguments.setdefault("max_episode_steps", min(horizon, CUT))
        return arguments


def task_api(env: gym.Env) -> MetaEnv:
    """Return the environment inside the wrappers, which has the task API."""
    inside = env.unwrapped
    assert isinstance(inside, MetaEnv)
    return inside


def action_list(space: spaces.Space, steps: int, seed: int) -> list[Any]:
    """Draw actions for one row from a space; the same seed gives the same actions."""
    space.seed(seed)
    return [space.sample() for _ in range(steps)]


def play(env: gym.Env, actions: Sequence[Any], episodes: int = 1) -> Transcript:
    """Play to the end of some episodes and return what was seen.

    Args:
        env: After `reset`.
        actions: Taken in turn, starting over at each episode; their number is the most steps of
            an episode.
        episodes: Number of episodes; each but the first begins with a plain `reset`.
    """
    seen: Transcript = []
    for episode in range(episodes):
        if episode:
            observation, _ = env.reset()
            seen.append((f"episode {episode}: first observation", observation))
            seen.append((f"episode {episode}: task", task_api(env).task))
        for step, action in enumerate(actions, 1):
            observation, reward, terminated, truncated, _ = env.step(action)
            place = f"episode {episode}, step {step}"
            seen.append((f"{place}: observation", observation))
            seen.append((f"{place}: reward", float(reward)))
            seen.append((f"{place}: terminated, truncated", [bool(terminated), bool(truncated)]))
            if terminated or truncated:
                break
    return seen


def same_bits(one: Any, other: Any) -> bool:
    """Tell whether two values (arrays, numbers, dicts of them) are equal, bit for bit."""
    if isinstance(one, dict) or isinstance(other, dict):
        return (
            isinstance(one, dict)
            and isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same_bits(one[key], other[key]) for key in one)
        )
    left, right = np.asarray(one), np.asarray(other)
    return (
        left.shape == right.shape
        and left.dtype == right.dtype
        and left.tobytes() == right.tobytes()
    )


def several(env: MetaEnv, count: int, seed: int = 0) -> list[Task]:
    """Draw tasks from the distribution, distinct where there are enough."""
    env.reset(seed=seed)
    members = env.tasks_in_split
    if members is not None:
        return list(members[:count])
    return [env.sample_task() for _ in range(count)]


def shown(value: Any, most: int = 120) -> str:
    """Format a value briefly."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(part, 60)}" for key, part in value.items()) + "}"
    text = np.array2string(np.asarray(value), separator=", ", threshold=12).replace("\n", "")
    return text if len(text) <= most else text[: most - 3] + "..."


def differ(tasks: Sequence[Task]) -> bool:
    """Tell whether any of the tasks differ."""
    return any(not _tasks.equal(tasks[0], task) for task in tasks[1:])


def one_task_only(env: MetaEnv) -> bool:
    """Tell whether a split has a single task, so that tasks cannot differ."""
    members = env.tasks_in_split
    return members is not None and len(members) == 1
