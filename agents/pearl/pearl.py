"""PEARL: off-policy meta-learning with a latent task that is inferred and sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.iterations import IterativeAlgorithm
from ..core.replay import TaskReplay
from ..core.schedules import Schedule, value_at
from ..core.settings import configured
from ..core.training_log import record_update
from ..core.venv import check_spaces
from .collect import Collected, RecordingLoop, StoppedError, TaskCollector
from .inner_loop import PosteriorInnerLoop
from .policies import PearlPolicy
from .presets import PRESETS
from .update import Updater, check_arguments


class PEARL(IterativeAlgorithm):
    """PEARL (Rakelly et al. 2019, arXiv 1903.08254): off-policy learning of a latent task.

    An encoder turns the transitions seen in a task into a posterior over a latent (section 4.1), of
    which soft actor-critic is given a sample (algorithm 1). A new task is explored with samples of
    the prior and solved with samples of the posterior (algorithm 2). The encoder learns from the
    critics alone, and from contexts that are more recent than what actor and critics learn from.

    Differences from the paper's code: slow copies of both critics instead of a value network; rows
    play their tasks at once, and posteriors are of all transitions so far, where the code samples
    contexts while it trains.

    Args:
        policy: `"MlpPolicy"`.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: Of Adam; a number or `("linear", start, end)`.
        n_envs: Rows, where `env` is an id: tasks played in an iteration.
        n_train_tasks: Tasks drawn once from the split; all of a finite split that has fewer.
        n_initial_episodes: Of each training task, before the first update, with the prior.
        n_prior_episodes: Of each row and iteration, with the prior.
        n_posterior_episodes: Then with the posterior.
        n_extra_episodes: Then for actor and critics alone.
        exploration_episodes: With the prior, of the inner loop in a new task.
        gradient_steps: Updates an iteration.
        meta_batch_size: Tasks an update.
        batch_size: Transitions of each.
        contexts: What the encoder learns from. `"recent"`: transitions drawn from those of the last
            collection, as in the paper. `"trials"`: the first part, at least an episode's share, of
            any trial kept: what the inner loop sees, and more different ones. `"parts"`: half of
            them begin elsewhere instead, and half are thinned out, for small buffers, which the
            encoder else comes to know by heart. `"rewarded"`: as `"trials"`, but with a reward in
            each (where a task has one), for rewards that are 0 almost everywhere.
        context_batch_size: Transitions of each, where `"recent"`.
        buffer_size: Transitions kept, of all tasks.
        tau: Of the slow critics.
        gamma: Discount.
        reward_scale: Factor on rewards for actor and critics.
        ent_coef: Weight of the entropy.
        target_entropy: Nats the weight is learnt for, from `ent_coef` on; None keeps it.
        kl_coef: Weight of the posterior's divergence from the prior.
        penalty_coef: Weight of the size of the policy's means and log deviations.
        train_reward: Name of a reward among the infos for actor and critics, e.g. a dense one;
            contexts and evaluations have the environment's own.
        precision: Of hidden layers in gradient steps. `"bfloat16"` rounds what passes between them
            to 8 bits, which a CPU with such instructions multiplies at twice the speed; weights and
            losses stay float32, and acting and inference do (`agents.core.fast_mlp`).
        save_replay_buffer: Put the buffer into checkpoints. Without it a resumed run begins by
            filling one anew, and is not the run that was cut.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the policy; `next_observation=True` where dynamics differ between tasks.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder, or None.
        verbose: 0 or 1.
        seed: Of everything; None draws one.
        device: `"cpu"`, `"cuda"` or `"auto"`.
        _init_setup_model: As in Stable-Baselines3.

    Raises:
        MemoryError: If the buffer does not fit into memory.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": PearlPolicy}

    @configured(PRESETS)
    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule = 3e-4,
        n_envs: int = 5,
        n_train_tasks: int = 100,
        n_initial_episodes: int = 10,
        n_prior_episodes: int = 2,
        n_posterior_episodes: int = 0,
        n_extra_episodes: int = 2,
        exploration_episodes: int = 1,
        gradient_steps: int = 2000,
        meta_batch_size: int = 16,
        batch_size: int = 256,
        contexts: str = "recent",
        context_batch_size: int = 64,
        buffer_size: int = 1_000_000,
        tau: float = 0.005,
        gamma: float = 0.99,
        reward_scale: float = 5.0,
        ent_coef: float = 1.0,
        target_entropy: float | None = None,
        kl_coef: float = 0.1,
        penalty_coef: float = 1e-3,
        train_reward: str | None = None,
        precision: str = "float32",
        save_replay_buffer: bool = True,
        env_kwargs: Mapping[str, Any] | None = None,
        preset: str | None = "auto",
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        _init_setup_model: bool = True,
    ):
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            env_kwargs=env_kwargs,
            policy_kwargs=policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
        )
        check_arguments(self.settings)
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        given = self.settings
        with torch.random.fork_rng(devices=[]):  # leave the global generator as it was
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space,
                self.action_space,
                **{
                    "ent_coef_init": given["ent_coef"],
                    "precision": given["precision"],
                    **self.policy_kwargs,
                },
            ).to(self.device)
        self._draw_tasks()
        rate = value_at(given["learning_rate"], 0.0)
        self.updater = Updater(self.policy, self.replay, given, rate)

    def _draw_tasks(self) -> None:
        """Draw the training tasks, once; the replay buffer has a part for each."""
        count, venv = self.settings["n_train_tasks"], self.venv.unwrapped
        finite = venv.tasks_in_split
        if finite is None:
            drawn: Any = venv.sample_tasks(count, seed=fold(self.seed, "train tasks"))
        else:
            rng = np.random.default_rng(fold(self.seed, "train tasks"))
            chosen = np.sort(rng.permutation(len(finite))[:count])
            drawn = [finite[index] for index in chosen]
            count = len(drawn)
        self.train_tasks = _tasks.as_tasks(venv.single_task_space, drawn, count)
        size, actions = self.policy.observation_size, self.policy.kind.size
        fields = {
            "inputs": (size,), "actions": (actions,), "rewards": (), "context_rewards": (),
            "terminated": (), "next_inputs": (size,),
        }  # fmt: skip
        capacity = max(self.settings["buffer_size"] // count, 1)
        self.replay = TaskReplay(count, capacity, fields)

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment of the same spaces: on tasks of it, with an empty buffer.

        Raises:
            ValueError: If its spaces are others.
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

    def _capture(self) -> tuple[dict[str, Any], dict[str, dict]]:
        progress, tensors = super()._capture()
        if self.settings["save_replay_buffer"]:
            tensors["replay"] = self.replay.get_state()
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        if "replay" in tensors:
            self.replay.set_state(tensors["replay"])
        super()._restore(progress, tensors, path)

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> PosteriorInnerLoop:
        """Return the learnt learner with empty experience: the prior over latents, for each task.

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
            exploration_episodes=self.settings["exploration_episodes"],
        )

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: Callable[[int], bool]) -> list[Collected] | None:
        given, count = self.settings, self.replay.num_tasks
        loop = RecordingLoop(
            self.policy,
            self.venv,
            seed=fold(self.seed, "act", self.iteration),
            exploration_episodes=None,
            train_reward=given["train_reward"],
        )
        collector = TaskCollector(self.venv, loop, on_step)
        seed = fold(self.seed, "collect", self.iteration)
        collected = []
        try:
            if (self.replay.size == 0).any():
                for index, first in enumerate(range(0, count, self.n_envs)):
                    chosen = (first + np.arange(self.n_envs)) % count
                    part = fold(seed, "initial", index)
                    episodes = given["n_initial_episodes"]
                    collected.append(collector.collect(self.train_tasks, chosen, part, episodes, 0))
            loop.exploration_episodes = given["n_prior_episodes"]
            rng = np.random.default_rng(fold(self.seed, "choose", self.iteration))
            rounds = [rng.permutation(count) for _ in range(-(-self.n_envs // count))]
            chosen = np.concatenate(rounds)[: self.n_envs]
            episodes = given["n_prior_episodes"] + given["n_posterior_episodes"]
            extra = given["n_extra_episodes"]
            collected.append(collector.collect(self.train_tasks, chosen, seed, episodes, extra))
        except StoppedError:
            return None
        return collected

    def _keep(self, experience: list[Collected]) -> None:
        """Write an iteration's experience into the buffer; its contexts replace those before."""
        for collected in experience:
            self.replay.clear_recent(np.unique(collected.tasks))
            for task, fields in zip(collected.tasks, collected.for_context, strict=True):
                self.replay.add(int(task), fields, recent=True, trial=True)
            for task, fields in zip(collected.tasks, collected.extra, strict=False):
                self.replay.add(int(task), fields, recent=False)

    def train(self, experience: list[Collected]) -> dict[str, float]:
        """Keep the experience, take the gradient steps, and return figures to log."""
        self._keep(experience)
        given = self.settings
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(given["learning_rate"], progress)
        seed = fold(self.seed, "update", self.iteration)
        self._n_updates += given["gradient_steps"]
        return {**self.updater.run(given["gradient_steps"], seed, rate), "learning_rate": rate}

    def _record(
        self,
        experience: list[Collected],
        figures: dict[str, float],
        seconds: dict[str, float],
        dump: bool,
    ) -> None:
        log, latest = self.logger.record, experience[-1]
        by_episode = latest.returns.mean(axis=0).tolist()
        log("rollout/ep_rew_mean", by_episode[-1])
        log("rollout/ep_len_mean", float(latest.lengths.mean()))
        for episode, value in enumerate(by_episode, start=1):
            log(f"rollout/ep{episode}_rew_mean", value)
        self.latest = {"trial_rew_mean": by_episode[-1]}
        record_update(self, figures, seconds, dump)

    # ---- acting through SB3's predict -----------------------------------------------------------

    @torch.no_grad()
    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act unadapted, with a latent of the prior; `inner_loop` adapts.

        Args:
            observation: Of one row, or a batch [R, ...].
            state: The latents, as returned; None draws them.
            episode_start: Not used.
            deterministic: Take the most probable action; the latent is drawn all the same.

        Returns:
            Actions, and the latents in a tuple.
        """
        single = np.shape(observation) == self.observation_space.shape
        shown = np.asarray(observation)[None] if single else np.asarray(observation)
        draw = self._predict_random
        if state is None:
            state = (draw.standard_normal((len(shown), self.policy.latent_size), np.float32),)
        kind = self.policy.kind
        size = (len(shown), kind.noise_size)
        noise = draw.standard_normal(size) if kind.noise_kind == "normal" else draw.random(size)
        latents = torch.from_numpy(np.asarray(state[0], np.float32)).to(self.device)
        actions, _ = self.policy.act(shown, latents, None if deterministic else noise)
        return (actions[0] if single else actions), state

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator
