"""In-context learning off policy: an actor-critic at every step of a causal transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import GradientNormArguments
from ..core.base.arguments import above, argument, at_least, within
from ..core.base.off_policy_trials import OffPolicyTrials
from ..core.base.recurrent_acting import RecurrentActing
from ..core.base.venv import trial_length
from ..core.play.player import OnStep
from ..core.play.replay import TaskReplay
from ..core.play.trials import TrialCollector, Trials
from ..core.play.view import RowsView
from .loop import ExploringLoop
from .policies import InContextPolicy
from .presets import PRESETS
from .update import Updater


class InContext(GradientNormArguments, RecurrentActing, OffPolicyTrials):
    """In-context learning off policy, as AMAGO (Grigsby et al. 2024, arXiv 2310.09971).

    Whole trials are kept and replayed. At every step of a causal transformer over the trial there
    are critics and a policy for each of several discounts, which learn side by side: the critics by
    one-step targets, the policies by what the critics say of their actions, and by imitating the
    actions in the replay that are better than theirs (equations 2 to 4 of the paper). It acts by
    the policy of the last discount. A trial is a finite problem: nothing follows its last step.

    Differences from the paper's code: values of discrete actions are all computed, and policies
    take the mean over them; returns are put on one scale by a running deviation of the targets
    instead of PopArt; whole trials instead of parts; uniform actions with a probability that falls,
    and no other noise; smaller networks, several updates after each round of trials.

    Raises:
        MemoryError: If the buffer does not fit into memory.
        TypeError: If a space is not supported.
        ValueError: If an argument is out of range, a Box of actions has no bounds, or the buffer
            cannot hold a trial.
    """

    policy_aliases = {"TransformerPolicy": InContextPolicy, "InContextPolicy": InContextPolicy}
    presets = PRESETS
    learning_rate = 5e-4
    n_envs = 32
    gradient_steps = 50
    max_grad_norm = 1.0
    gammas: tuple[float, ...] = argument(
        "Discounts that are learnt side by side; it acts by the last one.",
        default=(0.7, 0.9, 0.97, 0.99),
    )
    batch_size: int = argument("Trials an update.", at_least(1), default=24)
    buffer_size: int = argument("Steps kept, of whole trials.", at_least(1), default=400_000)
    critics_asked: int = argument(
        "Critics, drawn for each update, of which a target takes the least.", at_least(1), default=2
    )
    critic_coef: float = argument("Weight of the critics' loss.", above(0), default=10.0)
    online_coef: float = argument(
        "Weight of what the critics say of the policies' actions.", at_least(0), default=1.0
    )
    offline_coef: float = argument(
        "Weight of imitating the better actions of the replay.", at_least(0), default=0.1
    )
    weight_decay: float = argument("AdamW's weight decay.", at_least(0), default=1e-3)

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not values["gammas"]:
            raise ValueError("gammas=() holds no discount; give at least one, e.g. (0.99,)")
        for gamma in values["gammas"]:
            within(0, 1)("gammas' part", gamma)

    def _setup_model(self) -> None:
        length = trial_length(self.venv.unwrapped)
        if length is not None and self.buffer_size < length:
            raise ValueError(
                f"buffer_size={self.buffer_size} cannot hold a whole trial of {length} steps"
            )
        self._make_policy()
        shape = tuple(self.action_space.shape or ())
        builder = self.policy.builder
        fields = {"inputs": (builder.row_size,), "actions": shape, "rewards": ()}
        of_bytes = ("inputs",) if builder.frame_spaces else ()
        self.replay = TaskReplay(1, self.buffer_size, fields, of_bytes)
        self.updater = Updater(self.policy, self.replay, self.settings)

    def _policy_arguments(self) -> dict[str, Any]:
        return {"gammas": tuple(self.gammas), **super()._policy_arguments()}

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces, and with an empty buffer.

        Raises:
            ValueError: If its spaces or its number of rows differ.
        """
        super().set_env(env, force_reset)
        self.replay.clear()

    def _collect(self, on_step: OnStep) -> Trials:
        seed = fold(self.seed, "act", self.iteration)
        loop = ExploringLoop(self.policy, RowsView(self.venv), 1, seed, epsilon=self.epsilon())
        collector = TrialCollector(self.venv, self.n_trials)
        return collector.collect(loop, fold(self.seed, "collect", self.iteration), on_step)

    def _keep_all(self, trials: Trials) -> None:
        for column, length in enumerate(trials.mask.sum(dim=0).long().tolist()):
            part = {
                name: getattr(trials, name)[:length, column].numpy()
                for name in ("inputs", "actions", "rewards")
            }
            self.replay.add(0, part, recent=False, trial=True)

    def _buffers(self) -> dict[str, TaskReplay]:
        return {"replay": self.replay}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return not tensor.startswith(("slow.", "critics."))
