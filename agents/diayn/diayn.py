"""DIAYN: as many skills as can be told apart, learnt without rewards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import SoftActorCriticArguments
from ..core.base.arguments import above, argument, at_least
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces
from ..core.learning.sac import CRITICS
from ..core.play.player import OnStep, Player
from ..core.play.replay import TaskReplay
from ..core.play.rounds import rounds
from ..core.play.view import RowsView
from .policies import DiaynPolicy
from .presets import PRESETS
from .skills import Fields, RecordingLoop, Skill, SkillLoop
from .update import Updater, skill_rewards


@dataclass
class Collected:
    """The steps of one iteration, and the returns of its episodes by the environment's rewards."""

    fields: Fields  # [n, ...]
    returns: np.ndarray  # [N]

    def figures(self) -> dict[str, float]:
        """Return the mean return by the environment's own rewards, which nothing learns from."""
        return {"trial_rew_mean": float(self.returns.mean())}


class DIAYN(SoftActorCriticArguments, IterativeAlgorithm):
    """DIAYN (Eysenbach et al. 2018, arXiv 1802.06070): skills that a discriminator tells apart.

    Soft actor-critic is told a skill, drawn for each episode, and is paid for states by which a
    discriminator recognises it: log q(z | s) - log p(z) (algorithm 1). The environment's rewards
    and tasks play no part. `skill(k)` plays one skill, in `evaluate` or as an option of another
    controller; `inner_loop` draws one a trial. `export_bank` writes the discriminator as tasks for
    `meta/RewardTask-v0` (Gupta et al. 2018, arXiv 1806.04640).

    Differences from the paper's code: slow copies of two critics instead of a value network; a
    Gaussian instead of a mixture of four; the discriminator sees the state after a step, not
    before; its rewards are computed anew at each update, as there.

    Raises:
        MemoryError: If the buffer does not fit into memory.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": DiaynPolicy, "DiaynPolicy": DiaynPolicy}

    presets = PRESETS

    learning_rate = 3e-4
    n_envs = 8
    tau = 0.01
    ent_coef = 0.1
    n_skills: int = argument("Skills, each as likely as the others.", at_least(2), default=50)
    n_episodes: int = argument("Episodes of each row and iteration.", at_least(1), default=1)
    updates_per_step: float = argument(
        "Gradient steps for each step of a row that was played.", above(0), default=1.0
    )
    learning_starts: int = argument(
        "Transitions in the buffer before the first update.", at_least(1), default=1000
    )
    batch_size: int = argument("Transitions an update.", at_least(1), default=128)
    buffer_size: int = argument("Transitions kept.", at_least(1), default=1_000_000)
    add_log_p: bool = argument(
        "Pay log q(z | s) - log p(z), which is above 0 where a skill is recognised; False pays "
        "log q(z | s), so that early ends are sought where they are possible.",
        default=True,
    )

    def _setup_model(self) -> None:
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space,
                self.action_space,
                **{
                    "n_skills": self.n_skills,
                    "ent_coef_init": self.ent_coef,
                    **self.policy_kwargs,
                },
            ).to(self.device)
        size = self.policy.builder.observation_size
        fields = {
            "inputs": (size,), "actions": (self.policy.kind.size,), "skills": (),
            "terminated": (), "next_inputs": (size,),
        }  # fmt: skip
        self.replay = TaskReplay(1, self.buffer_size, fields)
        self.updater = Updater(self.policy, self.replay, self.settings)

    # ---- skills ---------------------------------------------------------------------------------

    def skill(self, number: int) -> Skill:
        """Return one of the skills, which `evaluate` takes and which has a `predict`.

        Args:
            number: From 0.

        Raises:
            ValueError: If there is no such skill.
        """
        return Skill(self, number)

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> SkillLoop:
        """Return a loop that draws a skill for each row and trial.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: As in `InnerLoop`.
            seed: As in `MetaAlgorithm`.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return SkillLoop(self.policy, venv, rows_per_task, seed)

    def export_bank(self, path: str | os.PathLike) -> None:
        """Write the discriminator as a bank, whose tasks are the skills.

        `gymnasium.make_vec("meta/RewardTask-v0", base=..., bank=path)` pays its log q(z | s);
        if the discriminator sees some numbers only, give them as `features=`.

        Args:
            path: A safetensors file.

        Raises:
            OSError: If it cannot be written.
        """
        layers = self.policy.discriminator.layers
        names = [*(f"layers.{index}" for index in range(len(layers) - 1)), "head.logits"]
        arrays = {
            f"{name}.{part}": getattr(layer, part).detach().cpu().clone()[None]
            for name, layer in zip(names, layers, strict=True)
            for part in ("weight", "bias")
        }
        safetensors.torch.save_file(arrays, os.fspath(path))

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Collected:
        seed = fold(self.seed, "act", self.iteration)
        loop = RecordingLoop(self.policy, RowsView(self.venv), seed=seed)
        player = Player(self.venv, loop, on_step=on_step)
        player.reset(fold(self.seed, "collect", self.iteration))
        returns = np.zeros(self.n_envs)
        for step, rows, _ in rounds(player, self.n_episodes):
            returns[rows] += step.reward
            loop.reset(rows[step.ended])
        return Collected(loop.take(), returns)

    def train(self, experience: Collected) -> dict[str, float]:
        """Keep the steps, take the gradient steps, and return figures to log."""
        self.replay.add(0, experience.fields, recent=False)
        figures = self._recognised(experience.fields)
        rate = value_at(
            self.learning_rate, min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        )
        figures["learning_rate"] = rate
        if self.replay.size[0] < min(self.learning_starts, self.buffer_size):
            return figures
        count = max(round(self.updates_per_step * len(experience.fields["skills"])), 1)
        self._n_updates += count
        return {
            **self.updater.run(count, fold(self.seed, "update", self.iteration), rate),
            **figures,
        }

    @torch.no_grad()
    def _recognised(self, fields: Fields) -> dict[str, float]:
        """Return how well the discriminator tells the skills of new steps apart."""
        skills = torch.from_numpy(fields["skills"]).long().to(self.device)
        states = torch.from_numpy(fields["next_inputs"]).to(self.device)
        found = self.policy.log_probabilities(states)
        right = (found.argmax(dim=1) == skills).float()
        paid = skill_rewards(found, skills, True)
        return {"skill_reward": float(paid.mean()), "accuracy": float(right.mean())}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {name: figures[name] for name in ("skill_reward", "accuracy")}

    # ---- state ----------------------------------------------------------------------------------

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return self.updater.optimizers

    def _acts_with(self, network: str, tensor: str) -> bool:
        return not tensor.startswith(CRITICS) and super()._acts_with(network, tensor)

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        if self.save_replay_buffer:
            self.replay.mark()
            tensors["replay"] = self.replay.marked_state
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        if "replay" in tensors:
            self.replay.set_state(tensors["replay"])
        super()._restore(progress, tensors, path)

    def _act_unadapted(
        self, observations: np.ndarray, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act with skills, which are the state, drawn where there is none."""
        if state is None:
            state = (self._predict_random.integers(self.n_skills, size=len(observations)),)
        kind = self.policy.kind
        noise = None if deterministic else self._predict_noise(kind, len(observations)).numpy()
        return self.policy.act(observations, np.asarray(state[0], np.int64), noise)[0], state
