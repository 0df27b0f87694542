"""MetaGenRL: an objective for policies is learnt by a population, through its critics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.iterations import IterativeAlgorithm
from ..core.base.venv import ENDLESS, make_venv, num_rows_of
from ..core.lifetimes.off_policy import OffPolicyLoop
from ..core.nets.actor_critic import ActorCritic
from ..core.play.player import OnStep, StoppedError
from ..core.play.watch import Watch
from .arguments import ObjectiveArguments, PopulationArguments
from .body import Body
from .learner import MetaGenRLLearner, make_rule
from .networks import Objective
from .presets import PRESETS
from .rule import ObjectiveRule


@dataclass
class Stretch:
    """What an iteration played."""

    steps: int = 0

    def figures(self) -> dict[str, float]:
        """Return nothing: episodes may be longer than a stretch; the log's window has them."""
        return {}


class MetaGenRL(PopulationArguments, ObjectiveArguments, IterativeAlgorithm):
    """MetaGenRL (Kirsch et al. 2020, arXiv 1910.04098): an objective learnt through critics.

    A population of TD3 learners, each with a task, a critic and a replay buffer. Policies descend
    a learnt objective, which sees actions, rewards and values of a window of steps. The objective
    follows the gradient of the critics' values of policies after a step on it, off-policy and of
    second order. It sees each action number by itself: `more_envs` may have other actions and
    observations. `make_learner(id)`, `inner_loop` and `evaluate(steps=N)` give new learners, which
    learn by the objective as it is (and by their own critics, which it reads).

    Differences from the paper and its code: values are shown in units of the rewards' deviation,
    and in place of the next value the temporal difference (the two values differ in the third
    decimal); where the critic helps, both gradients count at norm 1; the place of a step is that
    in its window; all learners of an environment are updated in turn with the others', once each;
    no recurrent policies. Only actions in a Box with bounds.

    Raises:
        MemoryError: If the buffers do not fit into memory.
        TypeError: If actions are no Box, or observations no vectors.
        ValueError: If an argument is out of range, or `rows_per_task` does not divide `n_envs`.
    """

    any_id: ClassVar[bool] = True
    any_spaces: ClassVar[str] = "boxes"
    policy_aliases = {"MlpPolicy": ActorCritic, "ActorCritic": ActorCritic}
    presets = PRESETS
    paper_policy = {"net_arch": [350, 350, 350], "activation": "relu"}
    n_envs = 20
    anneal_steps = 10_000

    def _setup_model(self) -> None:
        each = self.rows_per_task
        if self.n_envs % each:
            nearest = max(self.n_envs // each, 1) * each
            raise ValueError(
                f"rows_per_task={each} does not divide n_envs={self.n_envs}; use e.g. "
                f"n_envs={nearest}"
            )
        self.objective = Objective(fold(self.seed, "objective"), self.mirror)
        self.optimizer = torch.optim.Adam(
            self.objective.parameters(), lr=float(self.objective_learning_rate)
        )
        others = [make_venv(one, self.n_envs, any_id=True, more=self._row_kwargs())
                  for one in self.more_envs]  # fmt: skip
        self.bodies = [
            Body(venv, self._rule(venv, True), each, fold(self.seed, "body", number))
            for number, venv in enumerate([self.venv, *others])
        ]
        self.network = self.policy = self.bodies[0].rule.network
        self._stopped = False

    def _row_kwargs(self) -> dict[str, Any]:
        return {"episodes_per_trial": ENDLESS}

    def _rule(self, venv: Any, training: bool = False) -> ObjectiveRule:
        spaces = venv.single_observation_space, venv.single_action_space
        network = self.policy_class(*spaces, **{"outputs": {}, **self.policy_kwargs})
        anneal = self.anneal_steps if training else 0
        return make_rule(self, network, self.objective, anneal)  # type: ignore[arg-type]

    def _set_venv(self, venv: Any) -> None:
        super()._set_venv(venv)
        if hasattr(self, "bodies"):  # another environment: its rows begin anew
            body = self.bodies[0]
            body.venv = venv
            body._begin_rows()

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> OffPolicyLoop:
        """Return new learners, one for each `rows_per_task` rows, that learn by the objective."""
        return OffPolicyLoop(self._rule(venv), venv, rows_per_task, seed)

    def make_learner(self, env: Any, **arguments: Any) -> MetaGenRLLearner:
        """Return a new agent of one lifetime that learns by the objective as it is now.

        Args:
            env: As in the constructor; any whose actions are a Box with bounds.
            **arguments: Arguments of `MetaGenRLLearner` to replace.
        """
        taken = (*ObjectiveArguments.arguments, "policy_kwargs", "seed")
        settings = {name: getattr(self, name) for name in taken}
        settings |= {"anneal_steps": 0, "learning_rate": float(self.learning_rate), **arguments}
        if num_rows_of(env) is None:
            settings.setdefault("n_envs", self.rows_per_task)
        learner = MetaGenRLLearner("MlpPolicy", env, **settings)
        learner.objective.load_state_dict(self.objective.state_dict())
        return learner

    # ---- an iteration ---------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration."""
        return self.n_envs * self.n_steps * len(self.bodies)

    def _setup_learn(self, *args: Any, **kwargs: Any) -> Any:
        """Set up as Stable-Baselines3 does, but without resetting the rows: lives continue."""
        rows: Any = self.env
        rows.reset = lambda: self.observation
        try:
            return super()._setup_learn(*args, **kwargs)
        finally:
            del rows.reset

    @property
    def observation(self) -> Any:
        """What the rows of the first environment show; None before the first reset."""
        return self.bodies[0].observation

    def _watch(self, hook: Any) -> Watch:
        body = self.bodies[0]
        return Watch(self, hook, (body._sums, body._lengths))

    def _collect(self, on_step: OnStep) -> Stretch:
        if self._stopped:  # in the last iteration, which was finished
            self._stopped = False
            raise StoppedError
        stretch = Stretch()

        def seen(step: Any) -> None:
            stretch.steps += step.count
            if self._stopped:
                on_step.count(step)  # type: ignore[attr-defined]
            else:
                self._stopped = not on_step(step)

        for number, body in enumerate(self.bodies):
            if self.lifetime is not None and self.iteration:
                body.renew(self.iteration * self.n_steps, self.n_steps, self.lifetime)
            if number:
                body.play(self.n_steps, self.iteration, lambda _: None)
                count = self.n_envs * self.n_steps
                stretch.steps += count
                if self._stopped:
                    self.num_timesteps += count
                else:
                    self._stopped = not on_step(count)
            else:
                body.play(self.n_steps, self.iteration, seen)
        return stretch

    def train(self, experience: Stretch) -> dict[str, float]:
        """Improve learners, and the objective by the meta-gradient of all of them."""
        seen: list[dict[str, float]] = []
        turns: list[tuple[Body, np.ndarray, Sequence[Any]]] = []
        for body in self.bodies:
            which = body.loop.ready(np.arange(body.loop.num_learners))
            if which.size:
                turns.append((body, which, body.loop.draw(which)))
        for number in range(max((len(draws) for _, _, draws in turns), default=0)):
            for body, which, draws in turns:
                windows, noise = draws[number]
                body.loop.improve(which, windows, noise, number)
            if number % self.objective_delay == 0:
                seen.append(self._meta_step([(one[0], one[1], one[2][number][0]) for one in turns]))
        self._n_updates += len(seen)
        figures = (
            {name: float(np.mean([one[name] for one in seen])) for name in seen[0]} if seen else {}
        )
        for name, values in self.bodies[0].loop.figures.items():
            if np.isfinite(values).any():
                figures[name] = float(np.nanmean(values))
        return figures

    def _meta_step(self, turns: Sequence[tuple[Body, np.ndarray, Any]]) -> dict[str, float]:
        """Take a step of the objective."""
        losses = []
        for body, which, windows in turns:
            index = torch.from_numpy(which)
            learners = {name: part[index] for name, part in body.loop.learners.items()}
            losses.append(body.rule.meta_loss(learners, windows))
        loss = torch.cat(losses).mean()
        self.optimizer.zero_grad()
        loss.backward()
        bound = float("inf") if self.max_grad_norm is None else self.max_grad_norm
        norm = torch.nn.utils.clip_grad_norm_(self.objective.parameters(), bound)
        self.optimizer.step()
        return {"meta_loss": float(loss.detach()), "meta_grad_norm": float(norm)}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        returns = [episode["r"] for episode in self.ep_info_buffer or ()]
        return {"ep_rew_mean": float(np.mean(returns))} if returns else self.latest

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        lives = {f"lifetime-{number}": body.state for number, body in enumerate(self.bodies)}
        return {**lives, "objective": self.objective}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"objective.optimizer": self.optimizer}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network == "objective"

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        if self.save_replay_buffer:
            for number, body in enumerate(self.bodies):
                body.loop.replay.mark()
                tensors[f"replay-{number}"] = body.loop.replay.marked_state
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        for number, body in enumerate(self.bodies):
            if f"replay-{number}" in tensors:
                body.loop.replay.set_state(tensors[f"replay-{number}"])
            else:
                body.loop.replay.clear()
        super()._restore(progress, tensors, path)

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act as the first learner of the population."""
        body = self.bodies[0]
        inputs = self.network.encode(observations)
        noise = None if deterministic else self._predict_noise(self.network.head, len(inputs))[None]
        learners = {name: part[:1] for name, part in body.loop.learners.items()}
        return body.rule.act(learners, inputs[None], None, noise).actions[0].numpy(), state
