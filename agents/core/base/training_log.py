"""What an iteration writes to the log, under Stable-Baselines3's names where they exist."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from .shown import short


def describe(agent: Any, total_timesteps: int, always: bool = False) -> None:
    """Say once, before training, what applies: in one line, or all arguments if `verbose` >= 1.

    Without `always` and `verbose` there is a line only where a preset changed defaults, or an
    iteration is longer than all that is asked for.

    Args:
        agent: The agent.
        total_timesteps: As asked of `learn`.
        always: Whether to say it in any case.
    """
    if getattr(agent, "_described", False):
        return
    agent._described = True
    if agent.verbose >= 1:
        groups: dict[str, list[str]] = {"explicit": [], "preset": [], "default": []}
        for name, value in agent.settings.items():
            groups[agent.applied.get(name, "default")].append(f"{name}={value!r}")
        lines = [f"{origin}: {', '.join(parts)}" for origin, parts in groups.items() if parts]
        print("\n".join(lines), file=sys.stderr, flush=True)
    # agents that do not learn in iterations have no such method
    changed, steps = _changed(agent), getattr(agent, "iteration_steps", lambda: None)()
    longer = steps is not None and steps > total_timesteps
    if not (changed or longer or always or agent.verbose >= 1):
        return
    parts = ["no preset sets anything"]
    if changed:
        parts = [f"a preset sets {', '.join(changed)}"]
        if not always:
            parts[0] += " (preset=None keeps the defaults)"
    if longer:
        parts.append(
            f"an iteration of {steps:,} timesteps, more than the {total_timesteps:,} asked for, is "
            "played to its end"
        )
    elif steps is not None:
        count = -(-total_timesteps // steps)
        parts.append(f"{count:,} iterations of {steps:,} timesteps")
    print(f"{type(agent).__name__}: {'; '.join(parts)}", file=sys.stderr, flush=True)


def _changed(agent: Any) -> list[str]:
    """Return what a preset set otherwise than the documented defaults, as flags are written."""
    return [
        f"{name}={short(value)}"
        for name, value in agent.settings.items()
        if agent.applied.get(name) == "preset" and value != type(agent).arguments[name].default
    ]


def record_update(
    agent: Any, figures: dict[str, float], seconds: dict[str, float], dump: bool
) -> None:
    """Record what ends every agent's iteration: `train/` and `time/` figures."""
    log = agent.logger.record
    for name, value in figures.items():
        log(f"train/{name}", value)
    log("train/n_updates", agent._n_updates, exclude="tensorboard")
    record_progress(agent)
    for name, value in seconds.items():
        log(f"time/{name}_seconds", value)
    if dump:
        agent.logger.dump(step=agent.num_timesteps)


def record_progress(agent: Any) -> None:
    """Record what is known at any step: the last `stats_window_size` episodes, and the time."""
    log = agent.logger.record
    if agent.ep_info_buffer:
        for name, key in (("ep_rew_mean", "r"), ("ep_len_mean", "l")):
            log(f"rollout/{name}", float(np.mean([one[key] for one in agent.ep_info_buffer])))
    elapsed = max((time.time_ns() - agent.start_time) / 1e9, sys.float_info.epsilon)
    steps = agent.num_timesteps - agent._num_timesteps_at_start
    log("time/fps", int(steps / elapsed))
    log("time/iterations", agent.iteration, exclude="tensorboard")
    log("time/time_elapsed", elapsed, exclude="tensorboard")
    log("time/total_timesteps", agent.num_timesteps, exclude="tensorboard")
