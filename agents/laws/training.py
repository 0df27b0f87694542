"""Laws of training: resuming, seeds, callbacks, numbers that are not finite, documentation."""

from __future__ import annotations

import inspect
import json
import random
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core.saving.encoding import decode_settings, encode_settings
from .callbacks import Counting, KilledError, Recording, Spoiling
from .case import Case
from .state import difference, not_finite, state_of, weights_differ

_LOCALS = ("self", "env", "total_timesteps", "rewards", "dones", "infos", "actions", "new_obs")
_KEEP = (
    "Keep what changes in networks (_networks), optimisers (_optimizers) or _extra_state, and seed "
    "what is drawn by meta_envs.core.rng.fold(self.seed, purpose, self.iteration)"
)


def law_arguments(case: Case) -> None:
    """The signature and `help` show every argument with its help text; unknown ones are refused."""
    cls: Any = case.setting.cls
    declared = cls.arguments
    do = 'Declare arguments in the class body: name: type = argument("Its sentence.", default=...)'
    shown = list(inspect.signature(cls).parameters)
    case.require(
        shown == list(declared),
        f"the signature has {sorted(set(shown) ^ set(declared))} otherwise than what is declared",
        do,
    )
    silent = [name for name, one in declared.items() if not one.help.strip()]
    case.require(not silent, f"{silent} have no sentence", do)
    text = inspect.getdoc(cls) or ""
    unsaid = [name for name in declared if f"{name}" not in text]
    case.require(not unsaid, f"help({cls.__name__}) does not speak of {unsaid}", do)
    first = text.partition("\n")[0].strip()
    case.require(first, "the class has no docstring", "Say in a line what it is, with its paper")
    wrong = "no_such_argument"
    case.refuses(lambda: case.setting.make(**{wrong: 1}), f"{wrong}=1", (wrong,), do, TypeError)


def law_settings(case: Case) -> None:
    """An agent's arguments survive JSON: a checkpoint can make it again."""
    agent = case.setting.make()
    do = "Take numbers, words, schedules and known classes as arguments, and make the rest of them"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the law itself reports it
        kept = encode_settings(agent.settings, type(agent)._classes())
    unsaved = kept["custom_objects"]
    case.require(not unsaved, f"{unsaved} cannot be saved", do)
    back = decode_settings(json.loads(json.dumps(kept)), None, type(agent)._classes())
    changed = [name for name in back if repr(back[name]) != repr(agent.settings[name])]
    case.require(
        not changed,
        f"{[(name, agent.settings[name], back[name]) for name in changed]} changed on the way",
        do,
    )


def law_seeds(case: Case) -> None:
    """Equal seeds give equal weights, other seeds do not, and no global generator is touched."""
    setting = case.setting
    reference = setting.reference
    before = _global_generators()
    again = state_of(setting.make().learn(reference.total, log_interval=None))
    after = _global_generators()
    touched = [name for name in before if before[name] != after[name]]
    do = "Draw from a generator of your own, seeded by meta_envs.core.rng.fold(self.seed, purpose)"
    case.require(not touched, f"training changed the global generator of {touched}", do)
    found = difference(reference.last, again)
    case.require(found is None, f"after two trainings with one seed {found}", do)
    seed = setting.arguments["seed"]
    other = state_of(setting.make(seed=seed + 1).learn(1, log_interval=None))
    case.require(
        weights_differ(reference.first, other),
        f"seeds {seed} and {seed + 1} train the same weights",
        do,
    )


def law_resume(case: Case) -> None:
    """Killed at any step, saved and loaded, training continues to the same weights, bit for bit."""
    setting = case.setting
    total, steps = setting.reference.total, setting.reference.steps
    for step in sorted({steps // 2 + 1, steps}):

        def killed(model: Any) -> bool:
            raise KilledError

        agent = setting.make()
        try:
            agent.learn(total, callback=Counting(step, killed), log_interval=None)
            raise case.broken(
                f"an error of a callback at step {step} did not end learn()",
                "Let errors pass through learn and _collect",
            )
        except KilledError:
            pass
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "agent.zip"
            agent.save(path)
            again = setting.cls.load(path)  # type: ignore[attr-defined]
        found = difference(state_of(agent), state_of(again))
        case.require(found is None, f"saved at step {step} and loaded, {found}", _KEEP)
        again.learn(total - again.num_timesteps, reset_num_timesteps=False, log_interval=None)
        found = difference(setting.reference.last, state_of(again))
        case.require(
            found is None,
            f"killed at step {step} of {steps}, loaded and trained to the end, {found} (never "
            "stopped, and resumed)",
            _KEEP,
        )


def law_callbacks(case: Case) -> None:
    """Callbacks see the same as in Stable-Baselines3; False stops training, which can resume."""
    setting = case.setting
    total, steps = setting.reference.total, setting.reference.steps
    seen, agent = Recording(), setting.make()
    returned = agent.learn(total, callback=seen, log_interval=None)
    do = "Let the base's learn call _collect with on_step, and call it after every step"
    case.require(returned is agent, f"learn returned {returned!r}", "Return self from learn")
    case.require(agent.num_timesteps >= total, f"learn({total}) trained {agent.num_timesteps}", do)
    words = "".join({"training_start": "<", "rollout_start": "(", "step": "", "rollout_end": ")",
                     "training_end": ">"}[event] for event in seen.events)  # fmt: skip
    pairs = words[1:-1]
    case.require(
        words[:1] == "<" and words[-1:] == ">" and pairs == "()" * (len(pairs) // 2),
        f"callbacks were called in the order {_short(seen.events)}",
        do,
    )
    backwards = any(a > b for a, b in zip(seen.timesteps, seen.timesteps[1:], strict=False))
    case.require(
        seen.timesteps and not backwards and seen.timesteps[-1] == agent.num_timesteps,
        f"num_timesteps went {seen.timesteps[:3]} ... {seen.timesteps[-3:]} at steps, and is "
        f"{agent.num_timesteps} after them",
        do,
    )
    missing = [name for name in _LOCALS if name not in (seen.names or ())]
    case.require(not missing, f"callbacks' locals lack {missing}", do)
    stopping, stopped = Recording(stop_at=steps // 4 + 1), setting.make()
    stopped.learn(total, callback=stopping, log_interval=None)
    more = len(stopping.timesteps) - stopping.stop_at  # type: ignore[operator]
    case.require(
        more == 0 and stopped.num_timesteps < agent.num_timesteps,
        f"after a callback answered False there were {more} more steps of callbacks, and "
        f"{stopped.num_timesteps} of {agent.num_timesteps} timesteps in all",
        "Return None from _collect where on_step answers False",
    )
    left = total - stopped.num_timesteps
    stopped.learn(left, reset_num_timesteps=False, log_interval=None)
    found = difference(setting.reference.last, state_of(stopped))
    case.require(found is None, f"stopped by a callback and trained on, {found}", _KEEP)


def law_finite(case: Case) -> None:
    """A NaN reward stops training with a clear error, and the last good state is kept.

    An agent whose class says `plays = False` learns from what was recorded, and is not asked.
    """
    setting = case.setting
    if not getattr(setting.cls, "plays", True):
        return
    total = setting.reference.total
    spoiling, agent = Spoiling(), setting.make()
    do = "Step the environment by agents.core.play.player.Player, which checks every number"
    case.refuses(
        lambda: agent.learn(total, callback=spoiling, log_interval=None),
        "learn with rewards that are NaN",
        ("nan", "finite"),
        do,
        ValueError,
        ArithmeticError,
    )
    spoiled = not_finite(state_of(agent))
    case.require(spoiled is None, f"after NaN rewards {spoiled} is not finite", do)


def _global_generators() -> dict[str, Any]:
    name, words, *more = np.random.get_state()
    return {
        "numpy": (name, np.asarray(words).tobytes(), *more),
        "random": random.getstate(),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def _short(events: list[str]) -> str:
    kept = [one for i, one in enumerate(events) if i == 0 or one != events[i - 1]]
    return ", ".join(kept[:8]) + (", ..." if len(kept) > 8 else "")
