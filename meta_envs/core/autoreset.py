"""Gymnasium's autoreset modes: what a step does after an episode ends. N rows; R of them.

https://farama.org/Vector-Autoreset-Mode; the order of steps, resets and draws is that of
Gymnasium's `SyncVectorEnv` over the same rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import error
from gymnasium.vector import AutoresetMode

from . import batches

Outcome = tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


def known_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Return the autoreset mode, given as an `AutoresetMode` or its value, e.g. `"NextStep"`.

    Raises:
        ValueError: If there is no such mode.
    """
    try:
        return AutoresetMode(mode)
    except ValueError:
        allowed = ", ".join(repr(one.value) for one in AutoresetMode)
        raise ValueError(
            f"autoreset_mode={mode!r} is unknown; allowed are {allowed} and the members of "
            "gymnasium.vector.AutoresetMode"
        ) from None


def require_same_step(venv: Any, who: str) -> None:
    """Refuse an environment that does not begin the next episode in the step that ends one.

    Args:
        venv: A vector environment, wrapped or not.
        who: What requires it, for the message.

    Raises:
        ValueError: If its autoreset mode is a different one.
    """
    mode = venv.metadata.get("autoreset_mode")
    if mode is not AutoresetMode.SAME_STEP:
        shown = getattr(mode, "value", mode)
        raise ValueError(
            f"{who} takes environments whose autoreset mode is 'SameStep', not {shown!r}; leave "
            "autoreset_mode out of gymnasium.make_vec"
        )


def same_step(venv: Any, actions: Any) -> Outcome:
    """Step every row, and begin the next episode at once where one ended."""
    observations, rewards, terminated, truncated, infos = venv.advance(actions)
    started = venv.every_row[:0]
    if venv._ended.any():
        ended = venv._ended.copy()
        infos["final_info"], infos["_final_info"] = final_info(infos, ended), ended
        infos["final_obs"], infos["_final_obs"] = observations, ended
        rows = np.flatnonzero(ended)
        fresh, started = venv._begin(rows, None, np.zeros(len(rows), dtype=bool))
        observations = batches.written(observations, rows, fresh)
    infos["trial_start"] = venv._mask(started)
    venv._observations = observations
    return observations, rewards, terminated, truncated, infos


def next_step(venv: Any, actions: Any) -> Outcome:
    """Step every row except those whose episode ended last step: these begin the next one.

    For those rows actions are ignored, rewards are 0, and `trial_start` is the only info.
    """
    rows = np.flatnonzero(venv._ended)
    if not rows.size:
        return _shown(venv, venv.advance(actions), rows)
    playing = ~venv._ended
    observations, rewards, terminated, truncated, infos = venv._advance_without(rows, actions)
    observations, rewards = batches.copy(observations), np.where(playing, rewards, 0.0)
    terminated, truncated = terminated & playing, truncated & playing
    venv._ended = terminated | truncated
    fresh, started = venv._begin(rows, None, np.zeros(len(rows), dtype=bool))
    batches.write(observations, rows, fresh)
    return _shown(venv, (observations, rewards, terminated, truncated, infos), started)


def disabled(venv: Any, actions: Any) -> Outcome:
    """Step every row; rows whose episode has ended must first be reset by `reset_mask`.

    Raises:
        ResetNeeded: If an episode has ended in a row that is neither reset nor resting.
    """
    owed = venv._ended if venv.resting is None else venv._ended & ~venv.resting
    if owed.any():
        raise error.ResetNeeded(
            f"the episodes of rows {np.flatnonzero(owed).tolist()[:5]} have ended, and autoreset "
            "is disabled; call reset(options={'reset_mask': terminated | truncated}) before step"
        )
    return _shown(venv, venv.advance(actions), venv.every_row[:0])


STEPS = {
    AutoresetMode.SAME_STEP: same_step,
    AutoresetMode.NEXT_STEP: next_step,
    AutoresetMode.DISABLED: disabled,
}
# Modes by number, as states store them: checkpoints hold numbers, not strings.
NUMBERS = {mode: number for number, mode in enumerate(STEPS)}


def advance_without(venv: Any, rows: np.ndarray, actions: Any) -> Outcome:
    """Step all rows of a native batch except `rows` [R], which wait for their reset.

    A family steps all rows or none. Waiting rows begin an episode that is never shown, since a
    family need not handle steps after an end; their draws and changes are then undone.

    Returns:
        As `step`; infos of waiting rows are empty (0 and, in `"_" + key`, False).
    """
    drawn = venv.random.keep(rows)
    kept = {key: part[rows].copy() for key, part in venv.state.items()}
    resting = None if venv.resting is None else venv.resting.copy()
    venv.elapsed[rows] = 0
    venv.begin_episodes(rows)
    venv.rest(rows)
    outcome = venv.advance(actions)
    venv.resting = resting
    for key, part in kept.items():
        changed = venv.state[key].copy()  # a caller may hold the array from a step
        changed[rows] = part
        venv.state[key] = changed
    venv.random.take_back(rows, drawn)
    playing = np.ones(venv.num_envs, dtype=bool)
    playing[rows] = False
    return (*outcome[:-1], _without(outcome[-1], playing))


def final_info(infos: dict[str, Any], ended: np.ndarray) -> dict[str, Any]:
    """Return the infos of a step for the rows that ended in it, bool [N], as Gymnasium does.

    The arrays are the full ones of `infos`; `"_" + key` marks the rows they apply to.
    """
    told: dict[str, Any] = {}
    for key, part in infos.items():
        if _is_mask(key, infos):
            continue
        mask = f"_{key}"
        told[key] = final_info(part, ended) if isinstance(part, dict) else part
        told[mask] = infos[mask] & ended if mask in infos else ended
    return told


def _shown(venv: Any, outcome: Outcome, started: np.ndarray) -> Outcome:
    outcome[-1]["trial_start"] = venv._mask(started)
    venv._observations = batches.copy(outcome[0])  # wrappers may write into it
    return outcome


def _without(infos: dict[str, Any], playing: np.ndarray) -> dict[str, Any]:
    """Return infos with the entries of rows that are not playing blanked."""
    told: dict[str, Any] = {}
    for key, part in infos.items():
        if _is_mask(key, infos):
            continue
        if isinstance(part, dict):
            told[key] = _without(part, playing)
        else:
            told[key] = part.copy()
            told[key][~playing] = 0
        told[f"_{key}"] = infos[f"_{key}"] & playing if f"_{key}" in infos else playing
    return told


def _is_mask(key: str, infos: dict[str, Any]) -> bool:
    return key[:1] == "_" and key[1:] in infos
