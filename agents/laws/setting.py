"""The smallest training of an agent, for checking laws: an id, small arguments, few steps."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from meta_envs.laws import errors as law_errors
from meta_envs.laws.case import LawBroken

from ..core.base.algorithm import MetaAlgorithm
from .callbacks import Counting
from .state import State, state_of

ITERATIONS = 2  # of the training that laws compare to
# Ids that every agent is tried on, in turn, and arguments that shorten their episodes.
IDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("meta/BernoulliBandit-v0", {"pulls": 5}),
    ("meta/BusGrid-v0", {"size": 5, "buses": 2, "steps": 3}),
    ("meta/PointGoal-v0", {"max_episode_steps": 4, "episodes_per_trial": 2}),
    ("meta/Sinusoid-v0", {}),
)
# Small argument values, for agents that have these arguments.
_SMALL: dict[str, Any] = {
    **{"n_envs": 4, "n_steps": 3, "n_trials": 1, "rows_per_task": 2, "n_tasks": 2},
    **{"n_epochs": 1, "batch_size": 4, "n_batches": 1, "vae_updates": 1, "gradient_steps": 1},
    **{"n_train_tasks": 2, "n_initial_episodes": 1, "meta_batch_size": 2},
    **{"context_batch_size": 4, "buffer_size": 2000, "shots": 2, "queries": 2, "population": 4},
    **{"algorithm": "l2rl", "members": 2, "ready": 1, "score_tasks": 2},
    **{"transfer_interval": 1, "reproduction_interval": 1, "children": 2, "eval_episodes": 1},
    **{"reproduce_at": -10.0, "lowest": -10.0, "highest": 10.0},
    **{"n_updates": 2, "lifetime": 4, "rule_size": 4, "n_predictions": 3, "n_minibatches": 2},
    **{"warmup_updates": 1, "macro_length": 2, "life": 4, "drift_size": 4},
    **{"memory_size": 2, "window": 2, "random_steps": 3, "anneal_steps": 6},
    **{"learning_starts": 1, "updates_per_step": 0.25, "weights": "random"},
    "capacity": 50,  # dictionaries of 100,000 entries take seconds to copy
}
_SMALL_POLICY: dict[str, Any] = {
    **{"hidden_size": 4, "embedding_sizes": (4,), "net_arch": (4,), "model_size": 4},
}
_REFUSALS = (TypeError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Reference:
    """A training of `ITERATIONS` iterations."""

    total: int  # timesteps
    steps: int  # steps that callbacks saw
    first: State  # after one iteration
    last: State


class Setting:
    """An agent's class, and the arguments with which laws make and train it.

    Args:
        cls: The class.
        env: An id; None tries `IDS` in turn.
        env_kwargs: Keyword arguments for that id.
        arguments: Constructor arguments; they override the small ones chosen here.

    Raises:
        LawBroken: If the agent can be made on none of these ids.
    """

    def __init__(
        self,
        cls: type,
        env: str | None = None,
        env_kwargs: Mapping[str, Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
    ):
        self.cls = cls
        self.name = f"{cls.__module__}:{cls.__qualname__}"
        self.learns = issubclass(cls, MetaAlgorithm)
        self.arguments = {**(_small(cls) if self.learns else {}), **(arguments or {})}
        tried = IDS if env is None else ((env, dict(env_kwargs or {})),)
        refusals: list[tuple[str, Exception]] = []
        for self.id, self.env_kwargs in tried:
            try:
                self._try()
                break
            except _REFUSALS as refused:
                refusals.append((self.id, refused))
            except Exception as raised:
                raise self._unmade([(self.id, raised)]) from raised
        else:
            raise self._unmade(refusals) from refusals[0][1]
        self._reference: Reference | None = None

    def make(self, **more: Any) -> Any:
        """Make the agent; `more` replaces arguments."""
        if not self.learns:
            return self.cls(**{**self.arguments, **more})
        given = {"env": self.id, "env_kwargs": self.env_kwargs, **self.arguments, **more}
        return self.cls(**given)

    def batch(self, num_envs: int, **more: Any) -> Any:
        """Make a batch of the id."""
        return gym.make_vec(self.id, num_envs=num_envs, **{**self.env_kwargs, **more})

    @property
    def reference(self) -> Reference:
        """An undisturbed training, run once for all laws."""
        if self._reference is None:
            agent = self.make().learn(1, log_interval=None)
            count, total = Counting(), ITERATIONS * agent.num_timesteps
            whole = self.make().learn(total, callback=count, log_interval=None)
            self._reference = Reference(total, count.n_calls, state_of(agent), state_of(whole))
        return self._reference

    def _try(self) -> None:
        agent = self.make()
        if not self.learns:
            venv = self.batch(2)
            loop = agent.inner_loop(venv, seed=0)
            loop.reset()
            loop.act(venv.reset(seed=0)[0])

    def _unmade(self, refusals: list[tuple[str, Exception]]) -> LawBroken:
        seen = "; ".join(f"on {id} {type(one).__name__}: {one}" for id, one in refusals)
        return LawBroken(
            f"{self.name} cannot be made with {self.arguments}",
            seen,
            "Name an id that it takes, and arguments, e.g. metazoo check my_agents:Mine "
            "mypkg:mine/X-v0 --arguments n_envs=8",
            law_errors.where(refusals[0][1], self.cls.__module__),
        )


def _small(cls: Any) -> dict[str, Any]:
    """Return small values for the arguments that a class declares."""
    found = {name: value for name, value in _SMALL.items() if name in cls.arguments}
    policy = next(iter(cls.policy_aliases), None)
    if policy is not None:
        found["policy"] = policy
        takes = inspect.signature(cls.policy_aliases[policy]).parameters
        widths = {name: value for name, value in _SMALL_POLICY.items() if name in takes}
        found["policy_kwargs"] = {**cls.paper_policy, **widths}
    return {**found, "preset": None, "seed": 0}
