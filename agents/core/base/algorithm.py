"""The base of every agent: SB3's interface, our checkpoints, and the inner loop."""

from __future__ import annotations

import contextlib
import functools
import io
import pathlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

import torch
from stable_baselines3.common.utils import get_system_info
from torch import nn

from meta_envs.core.names import guarded

from ..play.inner_loop import InnerLoop
from ..saving import banks, checkpoint, stored, weights
from ..saving.allowed import check_named, module_of, name_of_class, names_in
from ..saving.encoding import decode, encode, encode_settings
from ..saving.optimizer_state import pack_optimizer, unpack_optimizer
from .made_algorithm import MadeAlgorithm
from .parameters import check_tensors, load_network, set_parameters
from .presets import to_load
from .venv import check_spaces
from .window import set_window, window_of

Self = TypeVar("Self", bound="MetaAlgorithm")


class MetaAlgorithm(MadeAlgorithm):
    """A meta-RL agent: `learn` is the outer loop, `inner_loop` returns the learnt learner.

    Subclasses declare their arguments (see `arguments.argument`), set `policy_aliases`, `presets`
    and `paper_policy`, and write `_setup_model`, `learn`, `inner_loop`, and `_act_unadapted` or
    `predict`; if they keep more than networks and optimisers, also `_extra_state` and
    `_set_extra_state`.
    """

    weights_only = False  # whether it was loaded from what `save_weights` wrote
    memories: ClassVar[tuple[str, ...]] = ()  # a checkpoint's groups that acting needs too

    # ---- what an agent is -----------------------------------------------------------------------

    @abstractmethod
    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> InnerLoop:
        """Return the learnt learner with empty experience, for the rows of `venv`.

        Args:
            venv: A `MetaVectorEnv` with the spaces of training.
            rows_per_task: Rows that share a task, task-major.
            seed: Row i draws from `seed + i`.

        Raises:
            ValueError: If the spaces differ.
        """

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"policy.optimizer": self.optimizer}  # type: ignore[attr-defined]

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy}

    def _extra_state(self) -> dict[str, Any]:
        """Further JSON-able state at an iteration boundary."""
        return {}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `_extra_state` returned."""

    def _acts_with(self, network: str, tensor: str) -> bool:
        """Tell whether acting needs a tensor of a network: what `save_weights` keeps."""
        return True

    # ---- state ----------------------------------------------------------------------------------

    def _mark_boundary(self) -> None:
        """Remember the state of this iteration boundary: what `save` writes.

        An update that is interrupted or not finite is rolled back to it, so networks and optimisers
        are copied now; large parts are captured when they are asked for.
        """
        self._boundary = self._capture()

    def _boundary_state(self) -> tuple[dict[str, Any], dict[str, dict]]:
        """Return progress and tensors at the last iteration boundary."""
        progress, tensors = self._boundary or self._capture()
        whole = {name: part() if callable(part) else part for name, part in tensors.items()}
        return progress, whole

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return progress, and tensors by name or functions that return their present values."""
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
            "window": window_of(self),
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
            path: `.zip` is added if missing.
            exclude: Must be empty: a checkpoint is always complete.
            include: Must be empty, for the same reason.

        Raises:
            OSError: If it cannot be written; an older file of that name survives.
            ValueError: If `exclude` or `include` is given.
        """
        for name, value in (("exclude", exclude), ("include", include)):
            if value:
                raise ValueError(f"{name}={value!r}: a checkpoint is always whole; leave it out")
        if self.weights_only:
            self.save_weights(path, half=False)
        else:
            self._write(path, *self._boundary_state())

    def save_weights(self, path: str | pathlib.Path | io.BufferedIOBase, half: bool = True) -> None:
        """Write a small checkpoint of what acting needs, which `load` reads as any other.

        An agent loaded from it acts, adapts to tasks and can be evaluated as before, but does not
        learn on: optimisers, experience and the state of the environment are not in it. An agent of
        one lifetime keeps its policy and meta-parameters.

        Args:
            path: `.zip` is added if missing.
            half: Store large arrays as float16, which halves the file and rounds to three digits;
                not those of agents that act by a dictionary.

        Raises:
            OSError: If it cannot be written; an older file of that name survives.
        """
        progress, tensors = self._boundary_state()
        networks = {name: tensors[name] for name in self._networks()}
        half = half and not self.memories  # which are found by keys of the very weights
        progress, kept = weights.lighten(progress, networks, self._acts_with, half)
        self._write(path, progress, {**kept, **{name: tensors[name] for name in self.memories}})

    def _write(self, path: Any, progress: dict[str, Any], tensors: dict[str, dict]) -> None:
        env_kwargs, arrays = banks.set_apart(self.env_kwargs or {})
        settings = {**self.settings, "env_kwargs": env_kwargs}
        data = {
            "algorithm": name_of_class(type(self)),
            "settings": encode_settings(settings, self._classes()),
            "env": {
                "id": self.env_id,
                "kwargs": encode(env_kwargs, set(), "env_kwargs"),
                "bank": banks.bank_hash(self.venv),
            },
            "observation_space": encode(self.observation_space, set()),
            "action_space": encode(self.action_space, set()),
            "progress": progress,
        }
        checkpoint.write_checkpoint(path, data, {**tensors, **arrays})

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
            env: Replaces the saved id; its spaces must be the same. A made batch brings its own
                number of rows.
            device: Where to put the networks; `"auto"` is a GPU if there is one.
            custom_objects: What could not be saved, by name; it also replaces saved settings.
            print_system_info: Print the versions that this process runs.
            force_reset: No effect: collections always begin with a reset.
            allow_modules: Modules that may be imported because the file names them, in an id like
                `"mypkg:mine/X-v0"` or an argument like `"mypkg:Body"`. Modules that are already
                imported, or that `kwargs` name, need no permission.
            **kwargs: Constructor arguments to replace. Without `env`, `env_kwargs` update the saved
                ones and keep those they do not name.

        Raises:
            OSError: If the file cannot be read.
            TypeError: If a constructor argument is unknown; suggests the nearest name.
            ValueError: If the file is damaged, newer or of another algorithm, if the spaces differ,
                or if an argument cannot be replaced.
        """
        if print_system_info:
            print("== CURRENT SYSTEM INFO ==")
            get_system_info(print_info=True)
        data, tensors = checkpoint.read_checkpoint(path)  # type: ignore[arg-type]
        stored.check_data(data, str(path))
        if data["algorithm"].rpartition(":")[2] != cls.__name__:
            raise ValueError(
                f"{path} is a checkpoint of {data['algorithm']}, not of {cls.__name__}; "
                f"use {data['algorithm']}.load"
            )
        allowed = [*([allow_modules] if isinstance(allow_modules, str) else allow_modules)]
        named_by_file = env is None
        banks.put_back(data, tensors)
        with stored.reading(str(path), "settings"):
            env, settings = to_load(data, str(path), env, custom_objects, kwargs, cls._classes())
            saved = {key: one for key, one in settings.items() if key not in kwargs}
            stored.check_settings(cls, saved, str(path))
        if named_by_file:
            check_named(env, f"{path}: env.id", allowed)
        allowed += [str(module_of(name)) for name in names_in(kwargs)]
        policy = settings.pop("policy")
        # errors in the caller's own arguments are raised as they are
        with contextlib.nullcontext() if kwargs else stored.reading(str(path), "settings"):
            guard = functools.partial(check_named, place=str(path), allow_modules=allowed)
            with stored.limited_parameters(tensors, str(path)), guarded(guard):
                agent = cls(policy=policy, env=env, **settings, device=device)
        with stored.reading(str(path), "its spaces"):
            spaces = decode(data["observation_space"]), decode(data["action_space"])
            check_spaces(agent.venv, *spaces)
        if named_by_file and "bank" not in (kwargs.get("env_kwargs") or {}):
            banks.warn_if_changed(data["env"].get("bank"), agent.venv, str(path))
        with stored.reading(str(path), "progress"):
            agent._restore(data["progress"], tensors, str(path))
        return agent

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        self.weights_only = weights.is_light(progress)
        if self.weights_only:
            tensors = weights.restored(self._networks(), tensors, self._acts_with)
        for name, network in self._networks().items():
            check_tensors(network, tensors.get(name, {}), f"{path}: network {name!r}")
            load_network(network, name, tensors.get(name), path)
        for name, optimizer in ({} if self.weights_only else self._optimizers()).items():
            unpack_optimizer(optimizer, progress["optimizers"][name], tensors.get(name, {}))
        self.num_timesteps = int(progress["num_timesteps"])
        self.iteration = int(progress["iteration"])
        self._n_updates = int(progress["n_updates"])
        self._set_extra_state(decode(progress["extra"]))
        set_window(self, progress.get("window"))
        self._mark_boundary()

    def _setup_learn(self, *args: Any, **kwargs: Any) -> Any:
        if self.weights_only:
            raise ValueError(weights.refusal(type(self).__name__))
        return super()._setup_learn(*args, **kwargs)

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
        """Load networks (and optimisers) from a checkpoint, or from what `get_parameters` returns.

        Args:
            load_path_or_dict: A path or a dict.
            exact_match: Require every network and optimiser.
            device: No effect: parameters stay on the agent's device.

        Raises:
            ValueError: If something is missing, unknown or of another shape.
        """
        given, source = load_path_or_dict, "what was given"
        if not isinstance(given, Mapping):
            given, source = checkpoint.read_checkpoint(given), str(given)
            stored.check_data(given[0], source)
            if weights.is_light(given[0]["progress"]):
                whole = weights.restored(self._networks(), given[1], self._acts_with)
                given = given[0], whole
        set_parameters(self._networks(), self._optimizers(), given, exact_match, source)
        self._boundary = None

    @classmethod
    def _classes(cls) -> dict[str, Any]:
        return {f"policy.{name}": policy for name, policy in cls.policy_aliases.items()}
