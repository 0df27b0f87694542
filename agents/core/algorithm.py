"""The base of every agent: SB3's interface, our checkpoints, and the inner loop."""

from __future__ import annotations

import io
import pathlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import MaybeCallback
from torch import nn

from meta_envs.core.rng import fresh_seed

from . import checkpoint
from .allowed import check_named
from .encoding import decode, decode_settings, encode, encode_settings
from .inner_loop import InnerLoop
from .logging import ProgressBar
from .optimizer_state import pack_optimizer, unpack_optimizer
from .settings import check_policy_kwargs
from .vec_bridge import SB3VecEnv
from .venv import check_spaces, env_identity, make_venv

Self = TypeVar("Self", bound="MetaAlgorithm")


class MetaAlgorithm(BaseAlgorithm):
    """A meta-RL agent: `learn` is the outer loop, `inner_loop` gives the learnt learner.

    Subclasses decorate `__init__` with `configured` and write `_setup_model`, `learn`,
    `inner_loop`, `predict` and, if they keep more than networks and optimisers,
    `_extra_state`/`_set_extra_state`.

    Args:
        policy: A name of `policy_aliases`, or a policy class.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: A number or `("linear", start, end)`.
        n_envs: Rows, where the environment is made here.
        env_kwargs: Keyword arguments of an id.
        policy_kwargs: Of the policy.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder of TensorBoard logs, or None.
        verbose: 0 silent, 1 info.
        seed: All randomness; None draws one.
        device: `"auto"`, `"cpu"`, `"cuda"`.
    """

    policy: Any
    policy_aliases: ClassVar[dict[str, Any]] = {}
    settings: dict[str, Any]
    applied: dict[str, str]

    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Any,
        *,
        n_envs: int,
        env_kwargs: Mapping[str, Any] | None = None,
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "auto",
    ):
        super().__init__(
            policy=policy,  # type: ignore[arg-type]
            env=None,
            learning_rate=learning_rate,
            policy_kwargs=policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            device=device,
            seed=None,
        )
        check_policy_kwargs(self.policy_class, self.policy_kwargs)
        self.seed: int = fresh_seed() if seed is None else int(seed)
        self.settings["seed"] = self.seed
        self.env_id, self.env_kwargs = env_identity(env, env_kwargs)
        self.settings["env_kwargs"] = self.env_kwargs  # one spelling: equal agents save alike
        self.iteration = 0
        self.latest: dict[str, float] = {}  # newest figures, for progress bars
        self._boundary: tuple[dict[str, Any], dict[str, dict]] | None = None
        self._set_venv(make_venv(env, n_envs, env_kwargs))

    # ---- what an agent is -----------------------------------------------------------------------

    @abstractmethod
    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> InnerLoop:
        """Return the learnt learner with empty experience, for the rows of `venv`.

        Args:
            venv: A `MetaVectorEnv` with the spaces of training.
            rows_per_task: Rows that share a task, task-major.
            seed: Row i draws from `seed + i`.

        Raises:
            ValueError: If the spaces are others.
        """

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"policy.optimizer": self.optimizer}  # type: ignore[attr-defined]

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy}

    def _extra_state(self) -> dict[str, Any]:
        """Further JSON-able state at an iteration boundary."""
        return {}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        """Undo `_extra_state`."""

    # ---- environments ---------------------------------------------------------------------------

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment of the same spaces from now on.

        Raises:
            ValueError: If its spaces are others.
        """
        venv = make_venv(env, self.settings["n_envs"])
        check_spaces(venv, self.observation_space, self.action_space)
        self.env_id, self.env_kwargs = env_identity(env, None)
        self._set_venv(venv)

    def _set_venv(self, venv: Any) -> None:
        self.venv = venv
        self.env = SB3VecEnv(venv)
        self.n_envs = venv.num_envs
        self.observation_space = venv.single_observation_space
        self.action_space = venv.single_action_space

    def set_random_seed(self, seed: int | None = None) -> None:
        """Set the seed of everything from the next iteration on; no global generator is touched."""
        if seed is not None:
            self.seed = self.settings["seed"] = int(seed)

    def _init_callback(self, callback: MaybeCallback, progress_bar: bool = False) -> BaseCallback:
        """Make one callback of all; the progress bar counts steps that were played, not rows."""
        if not progress_bar:
            return super()._init_callback(callback)
        given = callback if isinstance(callback, list) else [callback] if callback else []
        return super()._init_callback([*given, ProgressBar()])

    # ---- state ----------------------------------------------------------------------------------

    def _mark_boundary(self) -> None:
        """Remember the state of this iteration boundary: what `save` writes."""
        self._boundary = self._capture()

    def _capture(self) -> tuple[dict[str, Any], dict[str, dict]]:
        tensors: dict[str, dict] = {
            name: {key: value.detach().clone() for key, value in network.state_dict().items()}
            for name, network in self._networks().items()
        }
        optimizers = {}
        for name, optimizer in self._optimizers().items():
            numbers, parts = pack_optimizer(optimizer)
            optimizers[name] = numbers
            tensors[name] = {key: torch.as_tensor(part).clone() for key, part in parts.items()}
        progress = {
            "num_timesteps": self.num_timesteps,
            "iteration": self.iteration,
            "n_updates": self._n_updates,
            "optimizers": optimizers,
            "extra": encode(self._extra_state(), set()),
        }
        return progress, tensors

    def save(
        self,
        path: str | pathlib.Path | io.BufferedIOBase,
        exclude: Any = None,
        include: Any = None,
    ) -> None:
        """Write the state at the last iteration boundary, as a zip of JSON and safetensors.

        Args:
            path: `.zip` is added where it is missing.
            exclude: Not used; a checkpoint is always whole.
            include: Not used.

        Raises:
            OSError: If it cannot be written; an older file of that name survives.
        """
        progress, tensors = self._boundary or self._capture()
        data = {
            "algorithm": type(self).__name__,
            "settings": encode_settings(self.settings, self._classes()),
            "env": {"id": self.env_id, "kwargs": encode(self.env_kwargs, set())},
            "observation_space": encode(self.observation_space, set()),
            "action_space": encode(self.action_space, set()),
            "progress": progress,
        }
        checkpoint.write_checkpoint(path, data, tensors)  # type: ignore[arg-type]

    @classmethod
    def load(
        cls: type[Self],
        path: str | pathlib.Path | io.BufferedIOBase,
        env: Any = None,
        device: torch.device | str = "cpu",
        custom_objects: dict[str, Any] | None = None,
        print_system_info: bool = False,
        force_reset: bool = True,
        allow_modules: Iterable[str] | str = (),
        **kwargs: Any,
    ) -> Self:
        """Read a checkpoint.

        Args:
            path: The file.
            env: Another environment than the saved id; its spaces must be the same.
            device: Where to put the networks; `"auto"` is a GPU where there is one.
            custom_objects: What could not be saved, by name; it also replaces saved settings.
            print_system_info: Not used.
            force_reset: Not used; collections begin with a reset.
            allow_modules: Modules that may be imported because the file names them: the one of an
                id like `"mypkg:mine/X-v0"`. One that is imported already needs no permission.
            **kwargs: Constructor arguments to replace.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is damaged, of another algorithm, newer, or the spaces differ.
        """
        data, tensors = checkpoint.read_checkpoint(path)  # type: ignore[arg-type]
        if data["algorithm"] != cls.__name__:
            raise ValueError(
                f"{path} is a checkpoint of {data['algorithm']}, not of {cls.__name__}; "
                f"use {data['algorithm']}.load"
            )
        settings = decode_settings(data["settings"], custom_objects, cls._classes())
        settings = {**settings, "preset": None, **kwargs}
        if env is None:
            env = data["env"]["id"]
            if env is None:
                raise ValueError(f"{path} names no environment id; give load(path, env=...)")
            check_named(env, f"{path}: env.id", allow_modules)
            settings["env_kwargs"] = decode(data["env"]["kwargs"])
        else:
            settings["env_kwargs"] = None
        policy = settings.pop("policy")
        agent = cls(policy, env, **settings, device=device)
        check_spaces(agent.venv, decode(data["observation_space"]), decode(data["action_space"]))
        agent._restore(data["progress"], tensors, str(path))
        return agent

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        for name, network in self._networks().items():
            _load_network(network, name, tensors.get(name), path)
        for name, optimizer in self._optimizers().items():
            unpack_optimizer(optimizer, progress["optimizers"][name], tensors.get(name, {}))
        self.num_timesteps = int(progress["num_timesteps"])
        self.iteration = int(progress["iteration"])
        self._n_updates = int(progress["n_updates"])
        self._set_extra_state(decode(progress["extra"]))
        self._mark_boundary()

    def get_parameters(self) -> dict[str, dict]:
        """Return the state dicts of networks and optimisers, by name."""
        parts: dict[str, Any] = {**self._networks(), **self._optimizers()}
        return {name: part.state_dict() for name, part in parts.items()}

    def set_parameters(
        self,
        load_path_or_dict: Any,
        exact_match: bool = True,
        device: torch.device | str = "auto",
    ) -> None:
        """Load networks (and optimisers) from a checkpoint, or from what `get_parameters` gives.

        Args:
            load_path_or_dict: A path or a dict.
            exact_match: Every network and optimiser must be there.
            device: Not used; parameters stay on the agent's device.

        Raises:
            ValueError: If something is missing, unknown or of another shape.
        """
        if isinstance(load_path_or_dict, Mapping):
            self._set_state_dicts(load_path_or_dict, exact_match)
            return
        data, tensors = checkpoint.read_checkpoint(load_path_or_dict)
        for name, network in self._networks().items():
            _load_network(network, name, tensors.get(name), str(load_path_or_dict))
        for name, optimizer in self._optimizers().items():
            unpack_optimizer(optimizer, data["progress"]["optimizers"][name], tensors[name])
        self._boundary = None

    def _set_state_dicts(self, given: Mapping[str, Any], exact_match: bool) -> None:
        parts: dict[str, Any] = {**self._networks(), **self._optimizers()}
        if unknown := sorted(given.keys() - parts.keys()):
            raise ValueError(f"parameters {unknown} are unknown; there are {sorted(parts)}")
        if exact_match and (missing := sorted(parts.keys() - given.keys())):
            raise ValueError(f"parameters {missing} are missing; give exact_match=False if meant")
        for name, state in given.items():
            parts[name].load_state_dict(state)
        self._boundary = None

    @classmethod
    def _classes(cls) -> dict[str, Any]:
        return {f"policy.{name}": policy for name, policy in cls.policy_aliases.items()}


def _load_network(network: nn.Module, name: str, tensors: Any, path: str) -> None:
    if tensors is None:
        raise ValueError(f"{path} has no network {name!r}")
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as mismatch:
        raise ValueError(f"{path}: network {name!r} does not fit: {mismatch}") from mismatch
