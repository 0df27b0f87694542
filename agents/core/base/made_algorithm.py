"""How an agent is made from its arguments, the environment that it trains on, and `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import MaybeCallback

from meta_envs.core.rng import fold, fresh_seed, valid_seed

from ..saving.progress_bar import ProgressBar
from .agent_arguments import AgentArguments
from .arguments import bind
from .presets import apply_preset, check_policy_kwargs, settle_rows
from .shown_rows import as_rows
from .vec_bridge import SB3VecEnv
from .venv import check_spaces, env_identity, make_venv


class MadeAlgorithm(AgentArguments, BaseAlgorithm):
    """An algorithm made from its declared arguments (see `arguments.argument`), and its rows.

    Subclasses set `policy_aliases`, `presets` and `paper_policy`, and write `_setup_model`.
    """

    # Policies by name, as README's table lists them. "MlpPolicy" is Stable-Baselines3's word for an
    # algorithm's own policy of fully connected layers, whose class has its own name beside it.
    policy_aliases: ClassVar[dict[str, Any]] = {}
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # see `presets.find_preset`
    any_id: ClassVar[bool] = False  # whether ids that are no task distributions are taken too
    paper_policy: ClassVar[Mapping[str, Any]] = {}  # what `policy_kwargs=None` stands for

    def __init__(self, *args: Any, **kwargs: Any):
        given = bind(type(self), args, kwargs)
        values, self.applied = apply_preset(type(self).arguments, type(self).presets, given)
        self._check_arguments(values)
        policy_kwargs = values["policy_kwargs"]
        super().__init__(
            policy=values["policy"],
            env=None,
            learning_rate=values["learning_rate"],
            policy_kwargs=dict(self.paper_policy) if policy_kwargs is None else policy_kwargs,
            stats_window_size=values["stats_window_size"],
            tensorboard_log=values["tensorboard_log"],
            verbose=values["verbose"],
            device=values["device"],
            seed=None,
        )
        check_policy_kwargs(self.policy_class, self.policy_kwargs)
        self.settings: dict[str, Any] = {
            name: values[name] for name, one in type(self).arguments.items() if one.remembered
        }
        for name, value in values.items():
            if name not in vars(self):
                setattr(self, name, value)
        self.seed = fresh_seed() if values["seed"] is None else valid_seed(values["seed"])
        self.settings["seed"] = self.seed
        env = values["env"]
        self.env_id, self.env_kwargs = env_identity(env, values["env_kwargs"], self._row_kwargs())
        self.settings["env_kwargs"] = self.env_kwargs  # one spelling: equal agents save alike
        self.iteration = 0
        self.latest: dict[str, float] = {}  # newest figures, for progress bars
        self._boundary: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._set_venv(self._make_venv(env, values["n_envs"], values["env_kwargs"]))
        settle_rows(env, values["n_envs"], self.settings, self.applied)
        self._setup_model()

    def check_ready(self) -> None:
        """Refuse to train without what `load` can do without; asked before a run is created.

        Raises:
            ValueError: Something that training needs was not given; says what.
        """

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        """Refuse invalid arguments; subclasses add checks that involve several of them.

        Args:
            values: All arguments, by name.

        Raises:
            ValueError: Naming the argument, its value and what is allowed.
        """
        for name, one in type(self).arguments.items():
            one.check(values[name])

    # ---- environments ---------------------------------------------------------------------------

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """From now on, train on another environment with the same spaces and number of rows.

        Args:
            env: As in the constructor.
            force_reset: No effect: collections always begin with a reset.

        Raises:
            ValueError: If its spaces or its number of rows differ.
        """
        venv = self._make_venv(env, self.n_envs, None)
        check_spaces(venv, self.observation_space, self.action_space)
        if venv.num_envs != self.n_envs:
            raise ValueError(
                f"the environment has {venv.num_envs} rows; the agent trains on {self.n_envs} "
                "(load(path, env=...) takes any number)"
            )
        self.env_id, self.env_kwargs = env_identity(env, None, self._row_kwargs())
        self.settings["env_kwargs"] = self.env_kwargs
        self._boundary = None  # what `save` writes belongs to this environment
        self._set_venv(venv)

    def _make_venv(self, env: Any, n_envs: int, env_kwargs: Mapping[str, Any] | None) -> Any:
        return make_venv(env, n_envs, env_kwargs, any_id=self.any_id, more=self._row_kwargs())

    def _row_kwargs(self) -> dict[str, Any]:
        """Return keyword arguments of rows that are made here, unless others are given."""
        return {}

    def _set_venv(self, venv: Any) -> None:
        self.venv = venv
        self.env = SB3VecEnv(venv)
        self.n_envs = venv.num_envs
        self.observation_space = venv.single_observation_space
        self.action_space = venv.single_action_space

    def set_random_seed(self, seed: int | None = None) -> None:
        """Seed all randomness from the next iteration on; global generators stay untouched."""
        if seed is not None:
            self.seed = self.settings["seed"] = valid_seed(seed)

    def _init_callback(self, callback: MaybeCallback, progress_bar: bool = False) -> BaseCallback:
        """Combine all callbacks into one; the progress bar counts steps played, not rows."""
        if not progress_bar:
            return super()._init_callback(callback)
        given = callback if isinstance(callback, list) else [callback] if callback else []
        return super()._init_callback([*given, ProgressBar()])

    # ---- acting through SB3's predict -----------------------------------------------------------

    @torch.no_grad()
    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act on raw observations with what training has learnt; only `inner_loop` adapts.

        Args:
            observation: Observation of one row, or a batch [R, ...].
            state: What the last call returned; None at the start.
            episode_start: Where an episode starts, bool [R]: a memory is cleared there.
            deterministic: Take the most probable action.

        Returns:
            Actions [...] or [R, ...], and the state.
        """
        shown, single = as_rows(observation, self.observation_space)
        starts = None if episode_start is None else np.atleast_1d(episode_start).astype(bool)
        actions, state = self._act_unadapted(shown, state, starts, deterministic)
        return (actions[0] if single else actions), state

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Return actions [R, ...] and the state, for `predict`.

        Args:
            observations: [R, ...].
            state: As in `predict`.
            starts: Where an episode starts, bool [R]; None is nowhere.
            deterministic: As in `predict`.
        """
        raise NotImplementedError(f"{type(self).__name__} writes neither predict nor this")

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator

    def _predict_noise(self, head: Any, count: int) -> torch.Tensor:
        """Draw what `head` samples `count` actions with, float32 [count, `head.noise_size`]."""
        random = self._predict_random
        draw = random.random if head.noise_kind == "uniform" else random.standard_normal
        return torch.from_numpy(draw((count, head.noise_size)).astype(np.float32))
