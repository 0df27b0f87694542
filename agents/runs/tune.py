"""Search for good arguments with Optuna, by what agents earn on held-out tasks."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meta_envs.core.arguments import whole
from meta_envs.core.rng import fold

from ..core.base import preset_files
from ..core.base.search import Search, spaces_of
from ..core.base.venv import env_identity
from ..core.evaluation.held_out import HeldOutCallback
from ..core.losses.finite import NotFiniteError
from ..core.saving.lock import locked

NEEDS = 'tuning needs Optuna: pip install "metazoo[tune]"'
_EVALUATIONS = 5  # of a trial, evenly over its steps; trials are pruned by them
_STARTED = 5  # trials that are not pruned, to have something to compare with
_RANDOM = 10  # trials before the search believes what it has seen
_DEFAULTS = "defaults"  # marks the trial of the documented defaults


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Args:
        folder: Of the study; the same search goes on from there.
        preset: The file that `preset=` and `--preset` take.
        arguments: What it sets.
        score: Its return of a held-out trial.
        default_score: That of the documented defaults.
        n_trials: Trials so far.
    """

    folder: Path
    preset: Path
    arguments: dict[str, Any]
    score: float
    default_score: float
    n_trials: int


def tune(
    algorithm: str | type,
    id: str,
    *,
    trials: int = 50,
    minutes: float | None = None,
    total_timesteps: int = 200_000,
    eval_tasks: int = 200,
    search: Iterable[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    told: Callable[[str], None] | None = None,
    **arguments: Any,
) -> Tuned:
    """Try arguments, beginning with the documented defaults, and write the best as a preset.

    The score is the return of a trial on held-out tasks, other ones than those of final curves
    where there are enough, at the end of a short training; trials that are behind are stopped.
    Called again, it goes on with the study of this algorithm and id in `root`.

    Args:
        algorithm: A name, e.g. `"rl2"`, or a class.
        id: Task distribution.
        trials: Trials in all, earlier ones of the study included.
        minutes: Begin no further trial after this long; None has no limit.
        total_timesteps: Environment steps of a trial.
        eval_tasks: Held-out tasks of an evaluation.
        search: Arguments to search; None takes all that declare what may be tried.
        root: Folder of all runs.
        seed: Seed of the search and of every trial.
        told: Called with a line after every trial.
        **arguments: Constructor arguments that stay as they are; without a preset unless one is
            named.

    Returns:
        The best, and where it stands.

    Raises:
        ImportError: Optuna is not installed.
        OSError: The study cannot be written, or another process works on it.
        ValueError: An argument is wrong, or no trial has come to its end.
    """
    from .train import class_of

    if importlib.util.find_spec("optuna") is None:
        raise ImportError(NEEDS)
    name, cls = class_of(algorithm)
    whole("trials", trials, 1)
    job = _Job(cls, id, dict(arguments), total_timesteps, eval_tasks, seed)
    job.spaces = spaces_of(cls, search)
    for key in arguments:
        job.spaces.pop(key, None)  # given: not searched
    if not job.spaces:
        raise ValueError(
            f"nothing is left to search; {cls.__name__} searches {list(spaces_of(cls))}"
        )
    job.make({})  # what is wrong in any case is said at once
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", f"tune-{name}-{id}")
    folder = Path(root) / slug
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, "tuned"):
        return _search(job, folder, trials, minutes, told or (lambda line: None))


@dataclass
class _Job:
    """One search: how a trial's agent is made and scored."""

    cls: Any
    id: str
    arguments: dict[str, Any]
    total_timesteps: int
    eval_tasks: int
    seed: int
    spaces: Mapping[str, Search] | Any = None

    def make(self, chosen: Mapping[str, Any]) -> Any:
        """Make the agent of a trial."""
        policy = self.arguments.get("policy", next(iter(self.cls.policy_aliases), None))
        rest = {key: value for key, value in self.arguments.items() if key != "policy"}
        fixed = {"preset": None, "seed": fold(self.seed, "agent"), **rest}
        if policy is not None:
            fixed["policy"] = policy
        agent = self.cls(env=self.id, **{**fixed, **chosen})
        agent._described = True  # fifty trials need not say what applies
        return agent

    def about(self) -> dict[str, Any]:
        """Return what trials of one study share."""
        _, env_kwargs = env_identity(self.id, self.arguments.get("env_kwargs"))
        return {
            "id": self.id,
            "env_kwargs": env_kwargs,
            "arguments": {key: str(value) for key, value in self.arguments.items()},
            "total_timesteps": self.total_timesteps,
            "eval_tasks": self.eval_tasks,
            "seed": self.seed,
        }

    def score(self, trial: Any) -> float:
        """Train a trial's agent and return what it earns; the objective of the study."""
        import optuna

        chosen = {}
        if not trial.user_attrs.get(_DEFAULTS):
            chosen = {key: space.suggest(trial, key) for key, space in self.spaces.items()}
        scores: list[float] = []
        pruned = False

        def on_score(timesteps: int, score: float) -> bool:
            nonlocal pruned
            scores.append(score)
            trial.report(score, timesteps)
            pruned = not trial.user_attrs.get(_DEFAULTS) and trial.should_prune()
            return not pruned

        try:
            agent = self.make(chosen)
            every = max(self.total_timesteps // _EVALUATIONS, 1)
            hook = HeldOutCallback(every, num_tasks=self.eval_tasks, on_score=on_score)
            agent.learn(self.total_timesteps, hook)
        except (
            ValueError,
            NotFiniteError,
        ) as error:  # a poor choice
            trial.set_user_attr("error", str(error)[:200])
            raise optuna.TrialPruned(str(error)) from error
        if pruned or not scores:
            raise optuna.TrialPruned
        return scores[-1]


def _search(
    job: _Job, folder: Path, trials: int, minutes: float | None, told: Callable[[str], None]
) -> Tuned:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "study.log")))
    study = optuna.create_study(
        study_name=folder.name,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTED),
    )
    _check_same(study, job, folder)
    running = optuna.trial.TrialState.RUNNING
    for stale in study.get_trials(deepcopy=False, states=(running,)):  # of a killed process
        study.tell(stale.number, state=optuna.trial.TrialState.FAIL)
    done = [one for one in study.get_trials(deepcopy=False) if one.state.is_finished()]
    # a resumed study must not draw again what it drew at its beginning
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=_RANDOM, seed=fold(job.seed, "search", len(done)) % 2**32
    )
    if not any(one.user_attrs.get(_DEFAULTS) and one.value is not None for one in done):
        study.enqueue_trial({}, user_attrs={_DEFAULTS: True})
    begun = time.monotonic()
    left = trials - len(done)

    def after(study: Any, trial: Any) -> None:
        _write(study, job, folder)
        told(_line(study, trial, time.monotonic() - begun))

    if left > 0:
        seconds = None if minutes is None else 60 * minutes
        study.optimize(job.score, n_trials=left, timeout=seconds, callbacks=[after])
    return _write(study, job, folder)


def _check_same(study: Any, job: _Job, folder: Path) -> None:
    """Refuse to go on with a study whose trials were trained otherwise."""
    about = json.loads(json.dumps(job.about()))
    known = study.user_attrs.get("about")
    if known is None:
        study.set_user_attr("about", about)
    elif known != about:
        differing = [key for key in about if known.get(key) != about[key]]
        told = ", ".join(f"{key} ({known.get(key)!r} there)" for key in differing)
        raise ValueError(
            f"{folder} holds a study with another {told}; give the same, another root, or remove it"
        )


def _write(study: Any, job: _Job, folder: Path) -> Tuned:
    """Write the best trial so far as a preset; return it."""
    import optuna

    finished = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not finished:
        errors = [one.user_attrs.get("error") for one in study.get_trials(deepcopy=False)]
        said = next((one for one in errors if one), "they were stopped")
        raise ValueError(f"no trial has come to its end: {said}")
    best = max(finished, key=lambda one: one.value)
    defaults = next((one.value for one in finished if one.user_attrs.get(_DEFAULTS)), float("nan"))
    chosen = {
        key: job.spaces[key].value(one) for key, one in best.params.items() if key in job.spaces
    }
    fixed = {
        key: value
        for key, value in job.arguments.items()
        if key not in ("seed", "env_kwargs", "preset", "policy")
    }
    arguments = {**fixed, **chosen}
    count = len(study.get_trials(deepcopy=False))
    about = job.about()
    notes = {
        "algorithm": job.cls.__name__,
        "score": best.value,
        "score_of_defaults": defaults,
        "what": "return of a trial on held-out tasks",
        "trials": count,
        **{key: about[key] for key in ("total_timesteps", "eval_tasks", "seed")},
    }
    path = folder / "preset.json"
    preset_files.write(path, job.id, about["env_kwargs"], arguments, notes)
    return Tuned(folder, path, arguments, best.value, defaults, count)


def _line(study: Any, trial: Any, seconds: float) -> str:
    what = f"{trial.value:.5g}" if trial.value is not None else trial.state.name.lower()
    if trial.user_attrs.get(_DEFAULTS):
        what += " (the documented defaults)"
    params = ", ".join(
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in trial.params.items()
    )
    best = max((one.value for one in study.get_trials(deepcopy=False) if one.value is not None),
               default=float("nan"))  # fmt: skip
    return f"trial {trial.number} after {seconds:.0f} s: {what}; best {best:.5g}  {params}".rstrip()
