"""Single-lifetime agents: `learn` is the loop that `evaluate(steps=...)` plays, with one learner.

N rows, all of which belong to the one learner.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import MaybeCallback
from stable_baselines3.common.utils import get_device, safe_mean

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..lifetimes.loop import LifetimeLoop
from ..lifetimes.rule import Learners, Rule
from ..nets.actor_critic import ActorCritic, CnnActorCritic
from ..nets.kernels.fast_mlp import keep_freed_memory
from ..play.player import Player, StoppedError
from ..play.view import RowsView, open_loop
from ..play.watch import Watch
from .arguments import argument, at_least
from .iterations import IterativeAlgorithm, Self
from .lifetime_state import LifetimeState
from .search import OneOf
from .venv import ENDLESS, check_spaces, first_tasks, num_rows_of

Lifetime = TypeVar("Lifetime", bound="LifetimeAlgorithm")


@dataclass
class Stretch:
    """Figures of one iteration of a lifetime, for the log."""

    steps: int  # of all rows

    def figures(self) -> dict[str, float]:
        """Return nothing: episodes may be longer than a stretch, and the log's window has them."""
        return {}


class LifetimeAlgorithm(IterativeAlgorithm):
    """One learner in N rows, from its first step to its last; subclasses define `_make_rule`.

    Takes any Gymnasium id. All rows of a task distribution are pinned to one task, and the trial
    never ends. `inner_loop` returns new learners, which have learnt nothing:
    with equal seeds (and the same split) `agent.learn(N)` and `evaluate(agent, ...,
    rows_per_task=n_envs, num_tasks=1, steps=N / n_envs)` draw the same curve. `predict` acts with
    what this agent has learnt.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_id: ClassVar[bool] = True
    any_device: ClassVar[bool] = False  # whether learners can be on a GPU
    any_spaces: ClassVar[bool] = False  # its learners may live in other spaces than in training
    policy_aliases = {
        "MlpPolicy": ActorCritic,
        "CnnPolicy": CnnActorCritic,
        "ActorCritic": ActorCritic,
    }

    learning_rate = 1e-3
    n_envs = 8
    n_steps: int = argument(
        "Steps of a row between updates.", at_least(1), default=8, search=OneOf(5, 8, 16, 32)
    )
    task: Any = argument(
        'The task to live in; None takes the first of the stream of `seed`, and `"changing"` lets '
        "the environment draw a new one at every trial.",
        default=None,
        type=Mapping[str, Any] | str | None,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        rate, task = values["learning_rate"], values["task"]
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise ValueError(f"learning_rate={rate!r} must be a number: a life has no end")
        if isinstance(task, str) and task != "changing":
            raise ValueError(f"task={task!r}; give a task, None or 'changing'")
        device = get_device(values["device"])
        if device.type != "cpu" and not self.any_device:
            raise ValueError(f"device={device}: learners of {type(self).__name__} run on the CPU")
        self.task = task  # set early: the rows are made before other arguments are set

    @abstractmethod
    def _make_rule(self) -> Rule:
        """Return how learners act and learn, with `self.network`."""

    def _make_network(self, **more: Any) -> ActorCritic:
        """Return the network; subclasses may ask for more of it than `policy_kwargs` says."""
        return self.policy_class(  # type: ignore[return-value]
            self.observation_space, self.action_space, **{**more, **self.policy_kwargs}
        )

    def _setup_model(self) -> None:
        keep_freed_memory()
        self.network: Any = self._make_network()  # annotated in the class it were an argument
        self.network.device = self.device
        self.policy = self.network
        self.rule: Any = self._make_rule()
        self.loop: Any = self._open_loop()
        self.loop.learns_by_itself = False  # `train` decides when
        self._lifetime = LifetimeState(self)
        self._begin_rows()
        self._stopped = False

    def _open_loop(self) -> LifetimeLoop:
        """Return the loop that `learn` runs: one learner in all rows."""
        return open_loop(self, self.venv, self.n_envs, fold(self.seed, "act"))

    def _begin_rows(self) -> None:
        self.observation: Any = None  # what the next action answers; None means reset the rows
        self._sums = np.zeros(self.n_envs)
        self._lengths = np.zeros(self.n_envs, dtype=np.int64)
        self.loop.forget()
        self._player = Player(self.venv, self.loop)

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> LifetimeLoop:
        """Return learners that have learnt nothing yet, one for each `rows_per_task` rows."""
        check_spaces(venv, self.observation_space, self.action_space)
        return LifetimeLoop(self.rule, venv, rows_per_task, seed)

    @property
    def protocol(self) -> dict[str, Any]:
        """What `evaluate` notes about this agent's learners: the figures that they adapt."""
        return {"meta_parameters": list(self.rule.adapts)} if self.rule.adapts else {}

    def make_learner(self: Lifetime, env: Any, **arguments: Any) -> Lifetime:
        """Return a new agent of one lifetime that has learnt nothing, on any environment.

        It has this agent's arguments and, where the agent learns how to learn, its meta-parameters
        as they are now, which no longer change.

        Args:
            env: As in the constructor.
            **arguments: Arguments to replace; `env_kwargs` and `task` are not taken over.
        """
        settings = {**self.settings, "env_kwargs": None, "task": None, **self._frozen_arguments()}
        if num_rows_of(env) is not None:
            del settings["n_envs"]  # the batch brings its own
        settings |= arguments
        learner = type(self)(settings.pop("policy"), env, **{"preset": None, **settings})
        self._hand_over(learner)
        return learner

    def _frozen_arguments(self) -> dict[str, Any]:
        """Return arguments that keep a learner's meta-parameters as they are."""
        return {}

    def _hand_over(self: Lifetime, learner: Lifetime) -> None:
        """Give a new learner this agent's meta-parameters."""

    # ---- environments ---------------------------------------------------------------------------

    def _row_kwargs(self) -> dict[str, Any]:
        return {} if self.task == "changing" else {"episodes_per_trial": ENDLESS}

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Continue the life in another environment with the same spaces and number of rows.

        Raises:
            ValueError: If its spaces or its number of rows differ.
        """
        super().set_env(env, force_reset)
        self.loop.venv = RowsView(self.venv)
        self._begin_rows()

    def _reset_rows(self) -> None:
        """Begin an episode in every row: at the start of life, or if one cannot be continued."""
        rows = self.venv.unwrapped
        if rows.single_task_space.spaces and self.task != "changing":
            given = self.task
            task = _tasks.at(first_tasks(rows, 1, self.seed), 0) if given is None else given
            rows.set_tasks([task] * self.n_envs)
        self._player.reset(fold(self.seed, "episodes", self.iteration))
        self.observation = self._player.observations

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration."""
        return self.n_envs * self.n_steps

    # ---- the loop -------------------------------------------------------------------------------

    def learn(
        self: Self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int | None = 100,
        tb_log_name: str | None = None,
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Continue the life for at least `total_timesteps` environment steps (all rows together).

        Args:
            total_timesteps: Steps, in whole iterations of `n_steps` per row.
            callback: As in Stable-Baselines3; if one stops, the iteration is finished first.
            log_interval: Iterations between log lines; None writes none.
            tb_log_name: Name of the TensorBoard run; None is the class's name.
            reset_num_timesteps: False continues the count. The learner's life always continues.
            progress_bar: Show one.

        Returns:
            The agent.
        """
        return super().learn(
            total_timesteps, callback, log_interval, tb_log_name, reset_num_timesteps, progress_bar
        )

    def _setup_learn(self, *args: Any, **kwargs: Any) -> tuple[int, BaseCallback]:
        """Set up as Stable-Baselines3 does, but without resetting the rows: life continues."""
        rows: Any = self.env
        rows.reset = lambda: self.observation
        try:
            return super()._setup_learn(*args, **kwargs)
        finally:
            del rows.reset

    def _watch(self, hook: BaseCallback) -> Watch:
        return Watch(self, hook, (self._sums, self._lengths))

    def _collect(self, on_step: Any) -> Stretch:
        if self._stopped:  # in the last iteration, which was finished
            self._stopped = False
            raise StoppedError
        if self.observation is None:
            self._reset_rows()
        self._player.observations = self.observation
        stretch = Stretch(0)
        while not self.loop.due().any():
            step = self._player.step()
            self.observation = self._player.observations
            stretch.steps += step.count
            if self._stopped:
                on_step.count(step)
            else:
                self._stopped = not on_step(step)
        return stretch

    def train(self, experience: Stretch) -> dict[str, float]:
        """Update the learner from its last steps, and return figures to log."""
        self.loop.learn_now()
        self._n_updates += 1
        return {name: float(values[0]) for name, values in self.loop.figures.items()}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        returns = [episode["r"] for episode in self.ep_info_buffer or ()]
        return {"ep_rew_mean": float(safe_mean(returns))} if returns else self.latest

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        return {"lifetime": self._lifetime}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network != "lifetime" or tensor in ("learners.policy", "learners.eta")

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        super()._restore(progress, tensors, path)
        if self.iteration and self.observation is None and not self.weights_only:
            warnings.warn(
                f"{self.env_id} cannot tell the state of its episodes: the learner goes on as it "
                "was, in new episodes",
                stacklevel=3,
            )

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        inputs = self.network.encode(observations)
        head, device = self.network.head, inputs.device
        noise = None if deterministic else self._predict_noise(head, len(inputs))[None].to(device)
        memory = None if state is None else torch.as_tensor(state)[None].to(device)
        if memory is not None and starts is not None:
            memory = memory * torch.from_numpy(~starts).to(device).reshape(1, -1, 1)
        acted = self.rule.act(self._acting_learners(), inputs[None], memory, noise)
        after = state if acted.memory is None else acted.memory[0].cpu().numpy()
        return acted.actions[0].cpu().numpy(), after

    def _acting_learners(self) -> Learners:
        """Return the one learner that `predict` acts with."""
        return self.loop.learners
