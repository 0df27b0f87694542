"""PEARL: off-policy meta-learning with a latent task that is inferred and sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.agent_arguments import SoftActorCriticArguments
from ..core.base.arguments import argument, at_least, one_of
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.search import Between
from ..core.base.venv import check_spaces
from ..core.learning.sac import CRITICS
from ..core.play.fixed_tasks import chosen_of, draw_fixed
from ..core.play.player import OnStep
from ..core.play.replay import TaskReplay
from ..core.play.view import RowsView
from .collect import Collections, RecordingLoop, TaskCollector
from .inner_loop import PosteriorInnerLoop
from .policies import PearlPolicy
from .presets import PRESETS
from .update import Updater


class PEARL(SoftActorCriticArguments, IterativeAlgorithm):
    """PEARL (Rakelly et al. 2019, arXiv 1903.08254): off-policy learning of a latent task.

    An encoder turns the transitions seen in a task into a posterior over a latent (section 4.1);
    soft actor-critic is given a sample of it (algorithm 1). A new task is explored with samples of
    the prior and solved with samples of the posterior (algorithm 2). The encoder learns only
    from the critics, and from contexts that are more recent than what actor and critics learn from.

    Differences from the paper's code: slow copies of both critics instead of a value network; rows
    play their tasks at once, and posteriors are of all transitions so far, where the code samples
    contexts while it trains.

    Raises:
        MemoryError: If the buffer does not fit into memory.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": PearlPolicy, "PearlPolicy": PearlPolicy}

    presets = PRESETS

    learning_rate = 3e-4
    n_envs = 5  # tasks played in an iteration
    n_train_tasks: int = argument(
        "Tasks drawn once from the split; all of a finite split that has fewer.",
        at_least(1),
        default=100,
    )
    n_initial_episodes: int = argument(
        "Episodes of each training task before the first update, played with the prior.",
        at_least(1),
        default=10,
    )
    n_prior_episodes: int = argument(
        "Episodes of each row and iteration that are played with the prior.", at_least(0), default=2
    )
    n_posterior_episodes: int = argument(
        "Episodes that are then played with the posterior.", at_least(0), default=0
    )
    n_extra_episodes: int = argument(
        "Episodes that are then played for actor and critics alone.", at_least(0), default=2
    )
    exploration_episodes: int = argument(
        "Episodes that the inner loop plays with the prior in a new task.", at_least(0), default=1
    )
    gradient_steps: int = argument("Updates an iteration.", at_least(1), default=2000)
    meta_batch_size: int = argument("Tasks an update.", at_least(1), default=16)
    batch_size: int = argument(
        "Transitions of each task for actor and critics.", at_least(1), default=256
    )
    contexts: str = argument(
        'What the encoder learns from. `"recent"`: transitions drawn from those of the last '
        'collection, as in the paper. `"trials"`: the first part, at least an episode\'s share, of '
        'any trial kept: what the inner loop sees, and more varied ones. `"parts"`: half of them '
        "begin elsewhere instead, and half are thinned out; for small buffers, which the encoder "
        'would otherwise learn by heart. `"rewarded"`: as `"trials"`, but with a reward in each '
        "(where a task has one), for rewards that are 0 almost everywhere.",
        one_of("recent", "trials", "parts", "rewarded"),
        default="recent",
    )
    context_batch_size: int = argument(
        'Transitions of each `"recent"` context.', at_least(1), default=64
    )
    buffer_size: int = argument(
        "Transitions kept, of all tasks together.", at_least(1), default=1_000_000
    )
    reward_scale: float = argument("Factor on rewards for actor and critics.", default=5.0)
    kl_coef: float = argument(
        "Weight of the posterior's divergence from the prior.",
        default=0.1,
        search=Between(0.01, 1.0, log=True),
    )
    penalty_coef: float = argument(
        "Weight of the size of the policy's means and log deviations.", default=1e-3
    )
    train_reward: str | None = argument(
        "Name of a reward among the infos for actor and critics, e.g. a dense one; contexts and "
        "evaluations have the environment's own.",
        default=None,
    )
    precision: str = argument(
        'Precision of hidden layers in gradient steps. `"bfloat16"` rounds what passes between '
        "them to 8 bits, which a CPU with such instructions multiplies at twice the speed; "
        "weights, losses, acting and inference stay float32.",
        one_of("float32", "bfloat16"),
        default="float32",
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if values["n_prior_episodes"] + values["n_posterior_episodes"] < 1:
            raise ValueError(
                "n_prior_episodes + n_posterior_episodes is 0, which leaves nothing for contexts; "
                "give at least 1"
            )

    def _setup_model(self) -> None:
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space,
                self.action_space,
                **{
                    "ent_coef_init": self.ent_coef,
                    "precision": self.precision,
                    **self.policy_kwargs,
                },
            ).to(self.device)
        self._draw_tasks()
        rate = value_at(self.learning_rate, 0.0)
        self.updater = Updater(self.policy, self.replay, self.settings, rate)

    def _draw_tasks(self) -> None:
        """Draw the training tasks, once; the replay buffer has a part for each."""
        seed = fold(self.seed, "train tasks")
        self.train_tasks = draw_fixed(self.venv, self.n_train_tasks, seed)
        count = len(next(iter(self.train_tasks.values())))
        size, actions = self.policy.observation_size, self.policy.kind.size
        fields = {
            "inputs": (size,), "actions": (actions,), "rewards": (), "context_rewards": (),
            "terminated": (), "next_inputs": (size,),
        }  # fmt: skip
        capacity = max(self.buffer_size // count, 1)
        self.replay = TaskReplay(count, capacity, fields)

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces: on its tasks, with an empty buffer.

        Raises:
            ValueError: If its spaces differ.
        """
        super().set_env(env, force_reset)
        self._draw_tasks()
        self.updater.replay = self.replay

    # ---- state ----------------------------------------------------------------------------------

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return self.updater.optimizers

    def _extra_state(self) -> dict[str, Any]:
        return {"train_tasks": dict(self.train_tasks)}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        saved = dict(state["train_tasks"])
        count = len(next(iter(saved.values())))
        self.train_tasks = _tasks.as_tasks(self.venv.unwrapped.single_task_space, saved, count)

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

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> PosteriorInnerLoop:
        """Return the learnt learner with empty experience: the prior over latents for each task.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Rows that share a posterior.
            seed: As in `MetaAlgorithm`.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return PosteriorInnerLoop(
            self.policy,
            venv,
            rows_per_task,
            seed,
            exploration_episodes=self.exploration_episodes,
        )

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Collections:
        count = self.replay.num_tasks
        loop = RecordingLoop(
            self.policy,
            RowsView(self.venv),
            seed=fold(self.seed, "act", self.iteration),
            exploration_episodes=None,
            train_reward=self.train_reward,
        )
        collector = TaskCollector(self.venv, loop, on_step)
        seed = fold(self.seed, "collect", self.iteration)
        collected = Collections()
        if (self.replay.size == 0).any():
            for index, first in enumerate(range(0, count, self.n_envs)):
                chosen = (first + np.arange(self.n_envs)) % count
                part = fold(seed, "initial", index)
                episodes = self.n_initial_episodes
                collected.append(collector.collect(self.train_tasks, chosen, part, episodes, 0))
        loop.exploration_episodes = self.n_prior_episodes
        rng = np.random.default_rng(fold(self.seed, "choose", self.iteration))
        chosen = chosen_of(count, self.n_envs, rng)
        episodes = self.n_prior_episodes + self.n_posterior_episodes
        extra = self.n_extra_episodes
        collected.append(collector.collect(self.train_tasks, chosen, seed, episodes, extra))
        return collected

    def _keep(self, experience: Collections) -> None:
        """Write an iteration's experience into the buffer; its contexts replace earlier ones."""
        for collected in experience:
            self.replay.clear_recent(np.unique(collected.tasks))
            for task, fields in zip(collected.tasks, collected.for_context, strict=True):
                self.replay.add(int(task), fields, recent=True, trial=True)
            for task, fields in zip(collected.tasks, collected.extra, strict=False):
                self.replay.add(int(task), fields, recent=False)

    def train(self, experience: Collections) -> dict[str, float]:
        """Keep the experience, take the gradient steps, and return figures to log."""
        self._keep(experience)
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        seed = fold(self.seed, "update", self.iteration)
        self._n_updates += self.gradient_steps
        return {**self.updater.run(self.gradient_steps, seed, rate), "learning_rate": rate}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {"trial_rew_mean": [*shown.values()][-1]}

    # ---- acting through SB3's predict -----------------------------------------------------------

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act with latents from the prior, which are the state, drawn where there is none."""
        if state is None:
            size = (len(observations), self.policy.latent_size)
            state = (self._predict_random.standard_normal(size, np.float32),)
        latents = torch.from_numpy(np.asarray(state[0], np.float32)).to(self.device)
        kind = self.policy.kind
        noise = None if deterministic else self._predict_noise(kind, len(observations)).numpy()
        return self.policy.act(observations, latents, noise)[0], state
