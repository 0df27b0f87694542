"""Algorithm distillation: do what a learner did next, given all that it did before."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core.arguments import choice
from meta_envs.core.rng import fold

from .. import baselines
from ..core.base.agent_arguments import GradientNormArguments
from ..core.base.arguments import argument, at_least, one_of
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.recorded_algorithm import MinibatchAlgorithm, Minibatches
from ..core.base.recurrent_acting import RecurrentActing
from ..core.base.venv import trial_length
from ..core.nets.recurrent_policy import RecurrentPolicy, TransformerPolicy
from ..core.nets.transformer import Transformer
from ..core.play.demonstrations import DemonstrationSet
from ..core.play.record import record
from ..runs.baseline_names import baseline_names, class_of_baseline
from .presets import PRESETS
from .windows import Window, Windows

_LONGEST = 1024  # steps of a window, where it is not given


class AlgorithmDistillation(GradientNormArguments, RecurrentActing, MinibatchAlgorithm):
    """Algorithm distillation (Laskin et al. 2022, arXiv 2210.14215): learning is imitated.

    A causal transformer predicts the next action of learners from their histories across episodes
    (the paper's equation 2). Since what a learner does next depends on what it has learnt, so does
    what the transformer does: in a new task it improves from episode to episode, without gradients.
    `histories` are what `agents.record` returns of any learner; without any, `teacher` is recorded
    in `n_envs` tasks of the training split. With `keep_every` the imitator learns faster than its
    teacher. Timesteps count recorded steps that were learnt from, since nothing is played.

    Differences from the paper: observation, last action and last reward are one token, not three;
    two layers and two heads, rotary positions. Any memory may take the transformer's place.

    Raises:
        TypeError: If `histories` is something else.
        ValueError: If an argument is out of range, or histories are of other spaces, not whole, or
            without actions or rewards; if `teacher` is unknown or does not learn by itself.
    """

    policy_aliases = {"TransformerPolicy": TransformerPolicy, **RecurrentActing.policy_aliases}
    presets = PRESETS
    source = "histories"
    otherwise = "the learning of `teacher`"
    n_envs = 100
    histories: Any = argument(
        "A `DemonstrationSet` of histories, one after the other, or the path of its file; None "
        "records `teacher`. Checkpoints remember which it was, not its steps: give it to `load` "
        "again to go on.",
        default=None,
        remembered=False,
        type=str | os.PathLike | DemonstrationSet | None,
    )
    teacher: str = argument(
        "Whose learning is recorded where no histories are given: an agent of one lifetime, or a "
        "baseline, by name.",
        default="ppo",
    )
    teacher_kwargs: Any = argument(
        "The teacher's arguments.", default=None, type=dict[str, Any] | None
    )
    rows_per_task: int = argument(
        "Rows that share a task and a teacher; each row is a history.", at_least(1), default=1
    )
    n_episodes: int | None = argument(
        "Episodes of a history; None is what `record` noted in the histories, or, where none are "
        "given, the episodes of a trial.",
        at_least(1),
        default=None,
    )
    keep_every: int = argument(
        "Every this many episodes of a history are kept.", at_least(1), default=1
    )
    context: int | None = argument(
        "Steps of a window that is learnt from, and that a memory which looks back sees; None is a "
        "trial's length, up to 1,024. A window begins in any step of a history that leaves it "
        "full: where it must begin with an episode, as a few-shot lesson, let histories be one "
        "episode long (`n_episodes=1`).",
        at_least(2),
        default=None,
    )
    beyond: str = argument(
        'What the transformer does in a trial longer than its context: `"slide"` forgets the '
        'oldest steps, `"error"` raises.',
        one_of("slide", "error"),
        default="slide",
    )
    batch_size: int = argument("Windows of a minibatch.", at_least(1), default=32)
    n_batches = 20
    max_grad_norm = 1.0

    def _setup_model(self) -> None:
        core = self.policy_class.core_of(self.policy_kwargs)  # type: ignore[attr-defined]
        kwargs = dict(self.policy_kwargs)
        if core in (Transformer, "transformer"):
            kwargs["core_kwargs"] = {"beyond": self.beyond, **(kwargs.get("core_kwargs") or {})}
        if self.context is not None:
            kwargs.setdefault("context", self.context)
        self.policy_kwargs = self.settings["policy_kwargs"] = kwargs
        self._make_policy()
        looks_back = getattr(self.policy.trunk.core, "context", None)
        trial = trial_length(self.venv.unwrapped)
        self._length = self.context or looks_back or min(trial or _LONGEST, _LONGEST)
        self._make_optimizer()
        self._open_recorded()

    # ---- histories ------------------------------------------------------------------------------

    def make_teacher(self) -> Any:
        """Return the learner that is recorded where no histories are given.

        Raises:
            ValueError: If there is none of its name, or it learns nothing in one lifetime.
        """
        name, given = self.teacher, dict(self.teacher_kwargs or {})
        if (own := class_of_baseline(name)) is not None:
            return getattr(baselines, own)(**given)
        ours = import_module("agents").ALGORITHMS
        choice("teacher", name, [*ours, *baseline_names()])
        module, _, cls = ours[name].partition(":")
        made = getattr(import_module(module), cls)
        if not issubclass(made, LifetimeAlgorithm):
            raise ValueError(
                f"teacher={name!r} does not begin to learn in each task; an agent of one lifetime "
                "does (ppo, a2c, nec), or a baseline (ucb1). Record a trained meta-learner with "
                "agents.record, and give histories="
            )
        rest: dict[str, Any] = {"preset": None, "seed": fold(self.seed, "teacher"), **given}
        policy = rest.pop("policy", next(iter(made.policy_aliases)))
        return made(
            policy, self.env_id, env_kwargs=self.env_kwargs, n_envs=self.rows_per_task, **rest
        )

    def record_teacher(self) -> DemonstrationSet:
        """Return how the teacher learns in every row."""
        count = self.n_episodes or self.venv.unwrapped.episodes_per_trial
        seed = fold(self.seed, "histories")
        return record(self.make_teacher(), self.venv, count, seed, rows_per_task=self.rows_per_task)

    def _recording(self) -> DemonstrationSet:
        return self.record_teacher()

    def _prepare(self, recorded: DemonstrationSet) -> None:
        count = self.n_episodes or recorded.about.get("episodes_per_row")
        if count is None:
            raise ValueError(
                "the histories do not say how many episodes each of them has; give n_episodes="
            )
        builder = self.policy.builder
        self._windows = Windows(recorded, int(count), self.keep_every, self._length, builder)

    # ---- learning -------------------------------------------------------------------------------

    def _draw(self, random: np.random.Generator) -> Minibatches:
        drawn = self._windows.draw(random, (self.n_batches, self.batch_size))
        return Minibatches(torch.from_numpy(drawn), int(drawn[..., 1].sum()))

    def _loss(self, index: torch.Tensor) -> torch.Tensor:
        return next_action_loss(self.policy, self._windows.take(index, self.device))

    def _clip(self) -> None:
        if self.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)


def next_action_loss(policy: RecurrentPolicy, window: Window) -> torch.Tensor:
    """Return the mean negative log probability of what was done next, a scalar.

    Args:
        policy: The policy, which sees of each window what came before.
        window: The windows.

    Source:
        Laskin et al. 2022, equation 2.
    """
    params = policy.distribution(window.inputs)
    log_prob = policy.head.log_prob(params, window.actions)
    return -(log_prob * window.mask).sum() / window.mask.sum()
