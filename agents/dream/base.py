"""What agents share that explore in some episodes of a trial and carry out in the others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import DiscountArguments
from ..core.base.arguments import above, argument, at_least, one_of, within
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import trial_length
from ..core.play.player import OnStep
from ..core.play.replay import TaskReplay
from ..core.play.trials import Trials


class ExploringAlgorithm(DiscountArguments, IterativeAlgorithm):
    """Learns both policies off-policy from whole trials; subclasses say what exploring is paid for.

    They write `_make`, `_play`, `_keep_all` and `_buffers`.

    Raises:
        ValueError: If an argument is out of range, or a trial has no episode after exploring.
    """

    exploration_episodes: int = argument(
        "Episodes of a trial that explore.", at_least(1), default=1
    )
    explore: str = argument(
        '`"learnt"`; `"uniform"` explores with uniform actions; `"none"` does too, and execution '
        "learns without any latent.",
        one_of("learnt", "uniform", "none"),
        default="learnt",
    )
    n_trials: int = argument("Trials a row plays in an iteration.", at_least(1), default=1)
    gradient_steps: int = argument(
        "Updates after the trials of an iteration.", at_least(1), default=16
    )
    batch_size: int = argument("Episodes of each kind an update.", at_least(1), default=48)
    buffer_size: int = argument("Steps kept of each kind of episode.", at_least(1), default=200_000)
    tau: float = argument("Share of the networks in their slow copies.", within(0, 1), default=0.01)
    exploration_fraction: float = argument(
        "Part of training in which uniform actions grow rare.", within(0, 1), default=0.4
    )
    exploration_initial_eps: float = argument(
        "Probability of a uniform action at first.", within(0, 1), default=1.0
    )
    exploration_final_eps: float = argument(
        "Probability of a uniform action at last.", within(0, 1), default=0.05
    )
    exploration_penalty: float = argument(
        "Cost of a step that explores (the paper's code: .1).", at_least(0), default=0.0
    )
    max_grad_norm: float | None = argument(
        "Each network's gradients are clipped to this norm; None does not clip.",
        above(0),
        default=10.0,
    )
    save_replay_buffer: bool = argument(
        "Put the buffers into checkpoints. Without them a resumed run first fills new ones, and "
        "differs from the run that was cut.",
        default=True,
    )

    def _setup_model(self) -> None:
        venv = self.venv.unwrapped
        if venv.episodes_per_trial <= self.exploration_episodes:
            raise ValueError(
                f"exploration_episodes={self.exploration_episodes} leaves none of "
                f"episodes_per_trial={venv.episodes_per_trial} to act in; give env_kwargs="
                f"{{'episodes_per_trial': {self.exploration_episodes + 1}}}"
            )
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self._policy_arguments()
            ).to(self.device)
        self.updater: Any = self._make()

    def _policy_arguments(self) -> dict[str, Any]:
        """Return what the policy is made with, besides the spaces."""
        return dict(self.policy_kwargs)

    @abstractmethod
    def _make(self) -> Any:
        """Make the buffers, and return what takes the gradient steps, with an `optimizer`."""

    @abstractmethod
    def _play(
        self, act: int, collect: int, n_trials: int, epsilon: float, on_step: OnStep
    ) -> Trials:
        """Play trials of training tasks.

        Args:
            act: Seed of actions.
            collect: Seed of the environment's reset.
            n_trials: Trials of each row.
            epsilon: Probability of a uniform action.
            on_step: As in `TrialCollector.collect`.
        """

    @abstractmethod
    def _keep_all(self, trials: Trials) -> None:
        """Put the trials of an iteration into the buffers."""

    @abstractmethod
    def _buffers(self) -> dict[str, TaskReplay]:
        """Return the buffers, by what checkpoints call them."""

    # ---- the outer loop -------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration, at most; None if episodes have no fixed end."""
        length = trial_length(self.venv.unwrapped)
        return None if length is None else self.n_envs * self.n_trials * length

    @property
    def _progress(self) -> float:
        return min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)

    def epsilon(self) -> float:
        """Return the present probability of a uniform action in training."""
        first, last = self.exploration_initial_eps, self.exploration_final_eps
        if self._progress >= self.exploration_fraction:
            return last
        return first + (last - first) * self._progress / self.exploration_fraction

    def _collect(self, on_step: OnStep) -> Trials:
        act, collect = (fold(self.seed, name, self.iteration) for name in ("act", "collect"))
        return self._play(act, collect, self.n_trials, self.epsilon(), on_step)

    def train(self, experience: Trials) -> dict[str, float]:
        """Keep the trials, take the gradient steps, and return figures to log."""
        self._keep_all(experience)
        rate = value_at(self.learning_rate, self._progress)
        self._n_updates += self.gradient_steps
        seed = fold(self.seed, "update", self.iteration)
        return {
            **self.updater.run(self.gradient_steps, seed, rate),
            "epsilon": self.epsilon(),
            "learning_rate": rate,
        }

    # ---- state ----------------------------------------------------------------------------------

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"policy.optimizer": self.updater.optimizer}

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        for name, buffer in self._buffers().items() if self.save_replay_buffer else ():
            buffer.mark()
            tensors[name] = buffer.marked_state
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        for name, buffer in self._buffers().items():
            if name in tensors:
                buffer.set_state(tensors[name])
        super()._restore(progress, tensors, path)

    # ---- acting through SB3's predict -----------------------------------------------------------

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Carry out without having explored; the state is the network's."""
        rows, builder = len(observations), self.policy.builder
        begins = np.full(rows, state is None) if starts is None else starts
        carried = self.policy.state(rows)
        if state is not None:
            carried = torch.as_tensor(state[0], device=carried.device).clone()
            carried[begins] = 0.0
        blank = np.zeros((rows, builder.action_size), np.float32)
        inputs = builder.build(observations, blank, np.zeros(rows), begins)
        shown = torch.from_numpy(inputs).to(carried.device)[None]
        latents = carried.new_zeros(rows, self.policy.latent_size)
        values, carried = self.policy.execution(self.policy.told(shown, latents), carried)
        best = values[0].argmax(dim=1).cpu().numpy() + self.policy.first_action
        return best, (carried.cpu().numpy(),)
