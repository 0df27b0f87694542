"""Agents that act by a policy whose memory learns within a trial, however it is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..nets.cores import looks_back
from ..nets.recurrent_policy import (
    GruPolicy,
    LstmPolicy,
    MannPolicy,
    MinGruPolicy,
    RecurrentPolicy,
    SnailPolicy,
    TransformerPolicy,
)
from ..play.recurrent import RecurrentInnerLoop, act_on_trials
from .algorithm import MetaAlgorithm
from .venv import check_spaces, trial_length

_LONGEST_CONTEXT = 1024  # steps, where it is not given: states and attention grow with it


class RecurrentActing(MetaAlgorithm):
    """Acts by a `TrialPolicy`, which `_make_policy` makes; what trains it is written elsewhere."""

    policy_aliases = {
        "GruPolicy": GruPolicy,
        "LstmPolicy": LstmPolicy,
        "SnailPolicy": SnailPolicy,
        "TransformerPolicy": TransformerPolicy,
        "MinGruPolicy": MinGruPolicy,
        "MannPolicy": MannPolicy,
        "RecurrentPolicy": RecurrentPolicy,  # works with any sequence core
    }

    def _make_policy(self) -> None:
        """Make `self.policy`, with weights that come from the seed alone."""
        self._settle_context()
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self._policy_arguments()
            ).to(self.device)

    def _policy_arguments(self) -> dict[str, Any]:
        """Return what the policy is made with, besides the spaces."""
        return dict(self.policy_kwargs)

    def _settle_context(self) -> None:
        """Let a core that looks back see a whole trial (up to a bound), unless told otherwise."""
        kwargs = self.policy_kwargs
        core = getattr(self.policy_class, "core_of", lambda _: None)(kwargs)
        given = kwargs.get("context") or "context" in (kwargs.get("core_kwargs") or {})
        if core is None or given or not looks_back(core):
            return
        length = trial_length(self.venv.unwrapped)
        if length is not None:  # kept in checkpoints: it is part of the network's shape
            self.policy_kwargs = {**kwargs, "context": min(max(length, 2), _LONGEST_CONTEXT)}
            self.settings["policy_kwargs"] = self.policy_kwargs

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> RecurrentInnerLoop:
        """Return the learnt learner with empty experience: one recurrent state per row."""
        check_spaces(venv, self.observation_space, self.action_space)
        return RecurrentInnerLoop(self.policy, venv, rows_per_task, seed)

    # ---- acting through SB3's predict -----------------------------------------------------------

    def predict(  # type: ignore[override]
        self,
        observation: Any,
        state: np.ndarray | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Act on `TrialWrapper`'s observations.

        Args:
            observation: One observation or R of them, as `TrialWrapper` shows them.
            state: What the last call returned, [R, S]; None at the start.
            episode_start: Whether a trial starts (an episode of `TrialWrapper`), [R].
            deterministic: Take the most probable action.

        Returns:
            Actions [...] or [R, ...], and the state [R, S].

        Raises:
            ValueError: If the observation is not `TrialWrapper`'s.
        """
        return act_on_trials(
            self.policy, observation, state, episode_start, deterministic, self._predict_random
        )
