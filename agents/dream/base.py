"""What agents share that explore in some episodes of a trial and carry out in the others."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import DiscountArguments
from ..core.base.arguments import above, argument, at_least, one_of
from ..core.base.off_policy_trials import OffPolicyTrials
from ..core.play.player import OnStep
from ..core.play.trials import Trials


class ExploringAlgorithm(DiscountArguments, OffPolicyTrials):
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
    batch_size: int = argument("Episodes of each kind an update.", at_least(1), default=48)
    buffer_size: int = argument("Steps kept of each kind of episode.", at_least(1), default=200_000)
    exploration_penalty: float = argument(
        "Cost of a step that explores (the paper's code: .1).", at_least(0), default=0.0
    )
    max_grad_norm: float | None = argument(
        "Each network's gradients are clipped to this norm; None does not clip.",
        above(0),
        default=10.0,
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

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Trials:
        act, collect = (fold(self.seed, name, self.iteration) for name in ("act", "collect"))
        return self._play(act, collect, self.n_trials, self.epsilon(), on_step)

    def _acts_with(self, network: str, tensor: str) -> bool:
        return not tensor.startswith("slow.") and super()._acts_with(network, tensor)

    # ---- acting through SB3's predict -----------------------------------------------------------

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Carry out without having explored; the state is the network's."""
        builder = self.policy.builder
        rows = len(builder.flat_observations(observations))
        begins = np.full(rows, state is None) if starts is None else starts
        carried = self.policy.state(rows)
        if state is not None:
            carried = torch.as_tensor(state[0], device=carried.device).clone()
            carried[begins] = 0.0
        blank = np.zeros((rows, builder.action_size), np.float32)
        inputs = builder.build(observations, blank, np.zeros(rows), begins)
        shown = self.policy.features(torch.from_numpy(inputs).to(carried.device)[None])
        latents = carried.new_zeros(rows, self.policy.latent_size)
        values, carried = self.policy.execution(self.policy.told(shown, latents), carried)
        best = values[0].argmax(dim=1).cpu().numpy() + self.policy.first_action
        return best, (carried.cpu().numpy(),)
