"""The inner loop of belief agents, whose belief can be read at any time. R rows, L latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..core.nets.belief import gaussian_sample
from ..core.play.inner_loop import Rows
from ..core.play.recurrent import RecurrentInnerLoop
from ..core.play.step import Step
from .decoders import CellDecoder
from .policies import BeliefPolicy

_SAMPLES = 64  # number of latents over which decoded probabilities are averaged
_NOISE = 5  # the seed of these latents, fixed so that pictures of a belief do not flicker


@dataclass(frozen=True)
class Belief:
    """What an agent believes about the task of each row."""

    mean: np.ndarray  # [R, L]
    log_variance: np.ndarray  # [R, L]
    cells: np.ndarray | None  # probability that each cell pays, [R, *grid]; None without a grid


class BeliefInnerLoop(RecurrentInnerLoop):
    """Carries a belief through trials; it is the prior at their starts, and only there.

    Args:
        policy: The trained policy; not changed.
        decoder: Decoder of cells, if there is one.
        venv: Its spaces must be those of the policy.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`.
    """

    def __init__(
        self,
        policy: BeliefPolicy,
        decoder: CellDecoder | None,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
    ):
        super().__init__(policy, venv, rows_per_task, seed)
        self.decoder = decoder
        self._successors = np.zeros((self.num_rows, policy.shown), np.float32)
        self._pending = np.zeros(self.num_rows, dtype=bool)  # a step is not yet in the state

    @property
    def belief(self) -> Belief:
        """The belief of every row after everything observed so far."""
        return self.read_belief()

    @torch.no_grad()
    def read_belief(self, rows: Rows = None) -> Belief:
        """Return the belief of `rows`; reading it changes nothing."""
        where = self.rows(rows)
        policy: Any = self.policy
        state = self._state[where]
        # the next `act` will show the encoder this step; until then, look ahead
        inputs = np.zeros((len(where), self.builder.size), np.float32)
        inputs[:, : policy.shown] = self._successors[where]
        inputs[:, policy.shown : -2] = self._previous_actions[where]
        inputs[:, -2] = self._previous_rewards[where]
        ahead = policy.infer(torch.from_numpy(inputs).to(state.device), state)
        pending = torch.from_numpy(self._pending[where]).to(state.device)
        mean, log_variance = policy.belief(torch.where(pending[:, None], ahead, state))
        cells = None
        if self.decoder is not None:
            generator = torch.Generator().manual_seed(_NOISE)
            noise = torch.randn(_SAMPLES, 1, mean.shape[1], generator=generator).to(mean.device)
            latents = gaussian_sample(mean, log_variance, noise)
            cells = self.decoder.probabilities(latents).mean(dim=0).cpu().numpy()
        return Belief(mean.cpu().numpy(), log_variance.cpu().numpy(), cells)

    def reset(self, rows: Rows = None) -> None:
        """Forget everything in `rows`: believe the prior."""
        super().reset(rows)
        self._pending[self.rows(rows)] = False

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions, after taking the last step into the belief of `rows`."""
        actions = super().act(observation, rows, deterministic)
        self._pending[self.rows(rows)] = False
        return actions

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step, and show collectors its true successor."""
        super().observe(step, rows)
        where: Any = slice(None) if rows is None else rows
        successors = self.builder.flat_observations(step.next_observation)
        self._successors[where] = successors
        self._pending[where] = True
        self.last["successors"] = torch.from_numpy(successors)
