"""The checkpoint of a lifetime: the learner, its loop and, if available, the state of the rows.

Between iterations no step is waiting to be learnt from, so there is no unroll to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

_UNSIGNED = {np.dtype(f"u{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}
_LOOP = ("ages", "lives", "_acted", "_frozen")


class LifetimeState:
    """The state of an agent's lifetime as named tensors, like that of a network.

    Args:
        agent: The agent it belongs to.
    """

    def __init__(self, agent: Any):
        self._agent = agent

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return tensors by name: `learners.*`, `loop.*` and `rows.*`."""
        agent, loop = self._agent, self._agent.loop
        tensors = {f"learners.{name}": part for name, part in loop.learners.items()}
        arrays = {f"loop.{name}": getattr(loop, name) for name in _LOOP}
        arrays |= {f"loop.random.{name}": part for name, part in loop.random.get_state().items()}
        rows = _state_of(agent.venv) if agent.observation is not None else None
        if rows is not None:
            arrays |= {f"rows.env.{name}": part for name, part in rows.items()}
            arrays |= {f"rows.{name}": part for name, part in _named(agent.observation).items()}
            arrays |= {"rows.sums": agent._sums, "rows.lengths": agent._lengths}
            if loop.memory is not None:
                tensors["rows.memory"] = loop.memory.clone()
        return tensors | {name: _tensor(part) for name, part in arrays.items()}

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the learners' tensors, which must be finite, by their names in `state_dict`."""
        for name, part in self._agent.loop.learners.items():
            yield f"learners.{name}", part

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from what `state_dict` returned.

        Raises:
            RuntimeError: If it does not fit.
        """
        agent, loop = self._agent, self._agent.loop
        learners = {
            name.removeprefix("learners."): part
            for name, part in state.items()
            if name.startswith("learners.")
        }
        for name, part in loop.learners.items():
            if name not in learners or learners[name].shape != part.shape:
                raise RuntimeError(f"learners.{name} must be of shape {tuple(part.shape)}")
        loop.learners = {name: learners[name].clone().to(loop.device) for name in loop.learners}
        loop.drop_unrolls()
        try:
            for name in _LOOP:
                setattr(loop, name, _array(state[f"loop.{name}"], getattr(loop, name)))
            random = loop.random.get_state()
            loop.random.set_state(
                {name: _array(state[f"loop.random.{name}"], part) for name, part in random.items()}
            )
            agent._begin_rows()
            if "rows.sums" in state:
                self._load_rows(state)
        except (KeyError, ValueError) as wrong:
            raise RuntimeError(str(wrong)) from wrong

    def _load_rows(self, state: Mapping[str, torch.Tensor]) -> None:
        agent = self._agent
        observation, _ = agent.venv.reset(seed=0)  # to learn the types of the state
        rows = _state_of(agent.venv)
        if rows is None:
            return
        agent.venv.set_state(
            {name: _array(state[f"rows.env.{name}"], part) for name, part in rows.items()}
        )
        agent._sums = _array(state["rows.sums"], agent._sums)
        agent._lengths = _array(state["rows.lengths"], agent._lengths)
        seen = {
            name: _array(state[f"rows.{name}"], part) for name, part in _named(observation).items()
        }
        agent.observation = _unnamed(seen)
        if agent.loop.memory is not None:
            memory = state["rows.memory"]
            if memory.shape != agent.loop.memory.shape:
                raise ValueError(f"rows.memory must be of shape {tuple(agent.loop.memory.shape)}")
            agent.loop.memory = memory.clone().to(agent.loop.device)


def _state_of(venv: Any) -> dict[str, np.ndarray] | None:
    """Return the state of a batch; None if it is unavailable or incomplete."""
    if venv is not venv.unwrapped:
        return None
    try:
        return venv.get_state()
    except NotImplementedError:
        return None


def _named(observation: Any, name: str = "observation") -> dict[str, np.ndarray]:
    if not isinstance(observation, dict):
        return {name: observation}
    return {
        key: part
        for inner, value in observation.items()
        for key, part in _named(value, f"{name}.{inner}").items()
    }


def _unnamed(parts: Mapping[str, np.ndarray]) -> Any:
    if "observation" in parts:
        return parts["observation"]
    return {name.removeprefix("observation."): part for name, part in parts.items()}


def _tensor(array: np.ndarray) -> torch.Tensor:
    """Return a copy as a tensor; unsigned integers become signed ones with the same bits."""
    array = np.ascontiguousarray(array).reshape(np.shape(array))
    return torch.from_numpy(array.view(_UNSIGNED.get(array.dtype, array.dtype)).copy())


def _array(tensor: torch.Tensor, like: np.ndarray) -> np.ndarray:
    array = tensor.numpy().copy()
    if array.shape != np.shape(like):
        raise ValueError(f"an array of shape {array.shape} does not fit {np.shape(like)}")
    return array.view(like.dtype) if like.dtype in _UNSIGNED else array.astype(like.dtype)
