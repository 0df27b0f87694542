"""ES: an evolution strategy that trains a policy on any id, with no gradient of anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.held import HeldTensors
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.population import Around, Job, play_jobs
from ..core.base.training_log import record_update
from ..core.base.venv import check_spaces, make_venv
from ..core.base.window import set_window, window_of
from ..core.nets.actor_critic import ActorCritic
from ..core.play.members import MembersLoop, Played
from ..core.play.player import OnStep
from .arguments import EvolutionArguments, strategy
from .presets import PRESETS


class ES(EvolutionArguments, IterativeAlgorithm):
    """Evolution strategy (Salimans et al. 2017, arXiv 1703.03864), on any Gymnasium id.

    A generation is `population` policies around a center; each plays whole episodes, and the
    center moves towards those with higher returns. All members of a generation play the same
    episodes (seeds, and so tasks). The policy has no memory: in a task distribution it learns what
    is best on average. `inner_loop` and `predict` act with the center.

    Differences from the paper: no virtual batch normalisation and no noise on actions; members of
    equal return have equal ranks.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_id: ClassVar[bool] = True
    policy_aliases = {"MlpPolicy": ActorCritic, "ActorCritic": ActorCritic}
    presets = PRESETS
    network: ActorCritic

    learning_rate = 0.01
    n_envs: int | None = argument(  # type: ignore[assignment]
        "Rows that play at a time, a job: its members are `n_envs / n_episodes`. None takes the "
        "whole population.",
        at_least(1),
        default=None,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        rate = values["learning_rate"]
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0:
            raise ValueError(
                f"learning_rate={rate!r} must be a number above 0; learning_rate_decay lowers it"
            )
        if values["population"] % 2:
            raise ValueError(
                f"population={values['population']} must be even: members come in pairs with "
                "opposite noise"
            )

    def _make_venv(self, env: Any, n_envs: int | None, env_kwargs: Any) -> Any:
        whole = self.population * self.n_episodes
        venv = make_venv(env, whole if n_envs is None else n_envs, env_kwargs, any_id=True)
        members = venv.num_envs / self.n_episodes  # of a job
        if members % 2 or self.population % members:
            raise ValueError(
                f"n_envs={venv.num_envs} rows with n_episodes={self.n_episodes} are {members:g} "
                f"members a job, which must be even and divide population={self.population}; use "
                f"e.g. n_envs={whole}"
            )
        return venv

    def _setup_model(self) -> None:
        self.network = self.policy_class(  # type: ignore[assignment]
            self.observation_space,
            self.action_space,
            **{"outputs": {}, **self.policy_kwargs},  # type: ignore[arg-type]
        )
        self.policy = self.network
        self.strategy = strategy(self)
        center = self.network.begin([fold(self.seed, "weights")])[0]
        self._state = HeldTensors(self.strategy.begin(center))

    @property
    def center(self) -> torch.Tensor:
        """The parameters that members are drawn around, [P]."""
        return self._state.tensors["center"]

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> MembersLoop:
        """Return the policy at the center, which does not learn within a trial."""
        check_spaces(venv, self.observation_space, self.action_space)
        params = self.center[None]
        return MembersLoop(self.network, params, venv, rows_per_task, seed, self.sampled)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Played:
        members = Around.of(self.strategy, self._state.tensors, self.seed)
        first = fold(self.seed, "episodes", self.iteration)
        seeds = np.arange(first, first + self.n_episodes)  # the same for every member
        whole = Job(
            self.network,
            members,
            np.tile(seeds, (self.population, 1)),
            sampled=self.sampled,
        )
        size = self.n_envs // self.n_episodes
        jobs = [whole.part(slice(i, i + size)) for i in range(0, self.population, size)]
        episodes = window_of(self)
        identity = (self.env_id, self.env_kwargs)
        played = Played.joined(play_jobs(jobs, identity, self.venv, self.workers, on_step))
        self._keep_episodes(played, episodes)
        return played

    def _keep_episodes(self, played: Played, window: dict[str, list]) -> None:
        """Let the newest episodes be in the members' order, whoever played them."""
        numbers = zip(played.returns.ravel().tolist(), played.lengths.ravel().tolist(), strict=True)
        window["episodes"] = [*window["episodes"], *map(list, numbers)]
        if played.success is not None:
            window["successes"] = [*window["successes"], *played.success.ravel().tolist()]
        set_window(self, {name: _plain(part) for name, part in window.items()})

    def train(self, experience: Played) -> dict[str, float]:
        """Move the center towards the members with higher returns."""
        fitness = experience.returns.mean(axis=1)
        self._state.tensors, figures = self.strategy.tell(self._state.tensors, self.seed, fitness)
        self._n_updates += 1
        return figures

    def _record(
        self, experience: Played, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        self.latest = {"ep_rew_mean": figures["fitness_mean"]}
        record_update(self, figures, seconds, dump)

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        return {"es": self._state}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act with the center, on raw observations.

        Args:
            observation: One observation, or those of R rows.
            state: Not used; there is none.
            episode_start: Not used.
            deterministic: Take the most probable action, also if members sample.

        Returns:
            One action, or actions [R, ...], and `state`.
        """
        shown = np.asarray(observation)
        single = shown.shape == (self.observation_space.shape or ())
        inputs = self.network.encode(shown[None] if single else shown)
        head = self.network.head
        with torch.no_grad():
            policy = self.network.forward(self.center[None], inputs[None])["policy"][0]
        if deterministic or not self.sampled:
            actions = head.mode(policy).numpy()
        else:
            random = self._predict_random
            draw = random.random if head.noise_kind == "uniform" else random.standard_normal
            noise = torch.from_numpy(draw((len(inputs), head.noise_size)).astype(np.float32))
            actions = head.sample(policy, noise).numpy()
        return (actions[0] if single else actions), state

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator


def _plain(part: list) -> list:
    return [float(one) if isinstance(one, bool) else one for one in part]
