"""What a step does about episodes that have ended: Gymnasium's autoreset modes. N rows, R of them.

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
    """Return an autoreset mode given as such or by its value, e.g. `"NextStep"`.

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
        who: Asks for it.

    Raises:
        ValueError: If its mode is another one.
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
        observations = batches.copy(observations)
        fresh, started = venv._begin(rows, None, np.zeros(len(rows), dtype=bool))
        batches.write(observations, rows, fresh)
    infos["trial_start"] = venv._mask(started)
    venv._observations = observations
    return observations, rewards, terminated, truncated, infos


def next_step(venv: Any, actions: Any) -> Outcome:
    """Step every row but those whose episode ended in the last step: these begin the next one.

    Their actions are not used, their rewards are 0, and of the infos they have `trial_start` only.
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
    """Step every row; those whose episode has ended are to be reset first, by `reset_mask`.

    Raises:
        ResetNeeded: If one has ended, and neither was reset nor rests.
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
# The modes by number, as states keep them: of integers, since a checkpoint holds no words.
NUMBERS = {mode: number for number, mode in enumerate(STEPS)}


def advance_without(venv: Any, rows: np.ndarray, actions: Any) -> Outcome:
    """Step all rows of a native batch but `rows` [R], which wait for their reset.

    A family steps all rows or none. Those that wait begin an episode that nobody sees, since a
    family need not know what comes after an end; what they draw and change is then undone.

    Returns:
        As `step`; of the rows that wait, infos say nothing (0 and, in `"_" + key`, False).
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
        changed = venv.state[key].copy()  # a step may have shown it to somebody
        changed[rows] = part
        venv.state[key] = changed
    venv.random.take_back(rows, drawn)
    playing = np.ones(venv.num_envs, dtype=bool)
    playing[rows] = False
    return (*outcome[:-1], _without(outcome[-1], playing))


def final_info(infos: dict[str, Any], ended: np.ndarray) -> dict[str, Any]:
    """Return the infos of a step for the rows that ended in it, bool [N], as Gymnasium does.

    The arrays are those of `infos`, whole; `"_" + key` says of which rows they tell.
    """
    told: dict[str, Any] = {}
    for key, part in infos.items():
        if not _is_mask(key, infos):
            told[key] = final_info(part, ended) if isinstance(part, dict) else part
            told[f"_{key}"] = infos[f"_{key}"] & ended if f"_{key}" in infos else ended
    return told


def _shown(venv: Any, outcome: Outcome, started: np.ndarray) -> Outcome:
    outcome[-1]["trial_start"] = venv._mask(started)
    venv._observations = batches.copy(outcome[0])  # wrappers write into what they are given
    return outcome


def _without(infos: dict[str, Any], playing: np.ndarray) -> dict[str, Any]:
    """Return infos that say nothing of the rows that do not play."""
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
    return key.startswith("_") and key[1:] in infos
