"""What learners remember of earlier updates: where these began, and the unrolls they learnt from.

M learners, R rows of each, T steps of an unroll, K unrolls. No graph crosses an iteration boundary
of training: from these arrays, the same updates can be computed again, with a graph.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import torch
from gymnasium.vector.utils import concatenate, create_empty_array

from .rule import Learners, Rule, Unroll

_UNROLL = "window.unroll."
_START = "window.start."
_CONTEXT = "window.context"
_FIELDS = ("inputs", "actions", "rewards", "alive", "continues", "mask", "cut", "cut_inputs")


def room(rule: Rule, learners: Learners, num_rows: int, updates: int) -> Learners:
    """Return empty memory for learners.

    Args:
        rule: Their rule.
        learners: New learners, [M, ...].
        num_rows: R, the rows of each learner.
        updates: K, how many unrolls are kept.
    """
    count, steps = len(learners["policy"]), rule.n_steps
    inputs = rule.network.encode(_observations(rule.network.observation_space, num_rows))
    one = {name: part[:1] for name, part in learners.items()}
    with torch.no_grad():
        acted = rule.act(one, inputs[None], None, None)
    nothing = torch.zeros(num_rows, device=inputs.device)
    begun = torch.zeros(count, dtype=torch.int64, device=inputs.device)
    like = {
        **{"inputs": inputs, "cut_inputs": inputs, "actions": acted.actions[0]},
        **{name: nothing for name in ("rewards", "alive", "continues", "mask", "cut")},
        **{f"record.{name}": part[0] for name, part in acted.record.items()},
    }
    kept = {
        f"{_UNROLL}{name}": part.new_zeros(count, updates, steps + (name == "inputs"), *part.shape)
        for name, part in like.items()
    }
    if "context" in learners:
        kept[_CONTEXT] = torch.stack([learners["context"]] * updates, dim=1)
    return {**kept, **_start(learners), "window.count": begun}


def begin(learners: Learners) -> Learners:
    """Return learners that remember no unroll, and that their updates begin here."""
    count = torch.zeros_like(learners["window.count"])
    return {**learners, **_start(learners), "window.count": count}


def add(learners: Learners, unroll: Unroll, update: int) -> Learners:
    """Return learners that also remember the unroll of update number `update` (from 0).

    Their `"context"`, if they have one, is remembered with it.
    """
    after, at = dict(learners), torch.tensor([update], device=learners["policy"].device)
    if "context" in learners:
        now = learners["context"][:, None]
        after[_CONTEXT] = learners[_CONTEXT].index_copy(1, at, now)
    for name, part in _packed(unroll).items():
        kept = learners[f"{_UNROLL}{name}"]
        missing = kept.shape[2] - part.shape[1]
        if missing:
            part = torch.cat([part, part.new_zeros(len(part), missing, *part.shape[2:])], dim=1)
        if kept.shape[1] > 1:
            after[f"{_UNROLL}{name}"] = kept.index_copy(1, at, part[:, None])
        else:
            after[f"{_UNROLL}{name}"] = part[:, None].contiguous()
    return after


def start(learners: Learners) -> Learners:
    """Return the policy and the optimiser's state with which the remembered updates began."""
    return {
        name.removeprefix(_START): part
        for name, part in learners.items()
        if name.startswith(_START)
    }


def unroll(learners: Learners, update: int) -> Unroll:
    """Return the unroll of update number `update` (from 0)."""
    parts = {
        name.removeprefix(_UNROLL): part[:, update].transpose(0, 1)
        for name, part in learners.items()
        if name.startswith(_UNROLL)
    }
    played = int(parts["mask"].flatten(1).any(dim=1).sum())  # fewer, if rows were out of step
    parts = {name: part[: played + (name == "inputs")] for name, part in parts.items()}
    fields: dict[str, Any] = {name: parts[name] for name in _FIELDS}
    if not fields["cut"].any():
        fields["cut_inputs"] = None
    record = {
        name.removeprefix("record."): part
        for name, part in parts.items()
        if name.startswith("record.")
    }
    return Unroll(**fields, record=record)


def context(learners: Learners, update: int) -> torch.Tensor | None:
    """Return the context at update number `update` (from 0); None if learners have none."""
    return learners[_CONTEXT][:, update] if _CONTEXT in learners else None


def of_learners(unroll: Unroll, index: torch.Tensor) -> Unroll:
    """Return the unroll of some learners, by integer indices [M']."""
    parts = {
        field.name: getattr(unroll, field.name)[:, index]
        for field in dataclasses.fields(unroll)
        if isinstance(getattr(unroll, field.name), torch.Tensor)
    }
    record = {name: part[:, index] for name, part in unroll.record.items()}
    return dataclasses.replace(unroll, **parts, record=record)


def _start(learners: Learners) -> Learners:
    return {
        f"{_START}{name}": part
        for name, part in learners.items()
        if name == "policy" or name.startswith("optimizer.")
    }


def _packed(unroll: Unroll) -> Learners:
    """Return the parts of an unroll by name, with learners along the first axis, [M, T, R, ...]."""
    parts = {name: getattr(unroll, name) for name in _FIELDS}
    if parts["cut_inputs"] is None:
        parts["cut_inputs"] = torch.zeros_like(unroll.inputs[:-1])
    parts |= {f"record.{name}": part for name, part in unroll.record.items()}
    return {name: part.transpose(0, 1) for name, part in parts.items()}


def _observations(space: Any, num_rows: int) -> Any:
    """Return an arbitrary observation of every row, as an environment would."""
    into: Any = create_empty_array(space, num_rows)
    return concatenate(space, [copy.deepcopy(space).sample()] * num_rows, into)
