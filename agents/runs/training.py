"""Train an agent into a run folder: start or resume, stop cleanly, measure at the end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch

from meta_envs.core.rng import fresh_seed

from ..core.base.training_log import describe
from ..core.evaluation.defaults import NUM_TASKS
from ..core.losses.finite import NotFiniteError
from ..core.saving.checkpoint import read_checkpoint
from ..core.saving.checkpoint_callback import CheckpointCallback
from ..core.saving.files import atomic_file
from ..core.saving.progress_bar import ProgressBar
from ..core.saving.run import Run
from ..core.saving.writers import make_logger
from .interrupts import StopOnSignal
from .pace import Pace

_DRAWN_SEEDS = 100_000  # of runs without one: short names, and few meetings


@dataclass(frozen=True)
class Wishes:
    """What is asked of a training rather than of the agent; None is not given.

    Args:
        total_timesteps: Environment steps to train for.
        eval_freq: Steps between evaluations on held-out tasks while it trains.
        eval_tasks: Held-out tasks of the final curve.
        wandb: Weights & Biases project that gets the log.
        threads: Of PyTorch.
        verbose: 1 prints all figures of every iteration.
    """

    total_timesteps: int | None = None
    eval_freq: int | None = None
    eval_tasks: int | None = None
    wandb: str | None = None
    threads: int | None = None
    verbose: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        least = {"total_timesteps": 1, "eval_freq": 1, "eval_tasks": 0, "threads": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise ValueError(f"{name}={value} must be at least {smallest}")

    @classmethod
    def names(cls) -> list[str]:
        """Return what can be wished for."""
        return [field.name for field in fields(cls)]

    def filled(self, saved: Mapping[str, Any]) -> Wishes:
        """Return these wishes with what was not given taken from a run's config."""
        own = {key: value for key, value in vars(self).items() if value is not None}
        saved = {key: saved[key] for key in vars(self) if saved.get(key) is not None}
        return Wishes(**{**saved, **own})


DEFAULTS = {"total_timesteps": 1_000_000, "eval_tasks": NUM_TASKS}
_EPISODES = 20  # of a final curve where there is but one task


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        run: Its folder.
        stopped: Whether it was interrupted; `--resume` goes on.
        curve: Of the final evaluation; None if there was none now.
    """

    run: Run
    stopped: bool = False
    curve: Any = None


def start(
    name: str,
    cls: Any,
    env_id: str,
    arguments: Mapping[str, Any],
    root: str | os.PathLike[str],
    wishes: Wishes,
) -> Trained:
    """Begin a new run and train it to its end.

    Args:
        name: The algorithm's name.
        cls: Its class.
        env_id: What to train on.
        arguments: Constructor arguments that were given.
        root: The folder of all runs.
        wishes: Of the training.

    Raises:
        ValueError: An argument is wrong.
        OSError: The run cannot be written.
    """
    wishes = wishes.filled({"threads": _set_threads(wishes.threads)})
    rest = {key: value for key, value in arguments.items() if key != "policy"}
    if rest.get("seed") is None:
        rest["seed"] = fresh_seed() % _DRAWN_SEEDS
    policy = arguments.get("policy", next(iter(cls.policy_aliases), None))
    agent = cls(env=env_id, **({} if policy is None else {"policy": policy}), **rest)
    agent.check_ready()
    for key in ("policy", "seed"):
        if arguments.get(key) is None:
            agent.applied[key] = "default"
    if not agent.venv.single_task_space.spaces:
        wishes = wishes.filled({"eval_tasks": _EPISODES})
    wishes = wishes.filled(DEFAULTS)
    config = {
        **{key: value for key, value in vars(wishes).items() if key != "verbose"},
        "arguments": dict(arguments),
        "settings": agent.settings,
        "applied": agent.applied,
    }
    run = Run.create(root, name, env_id, agent.seed, config)
    with run.writing():
        return _train(agent, run, wishes, resumed=False)


def resume(
    path: str | os.PathLike[str],
    wishes: Wishes,
    load: Callable[[Run, Mapping[str, Any]], Any],
    agent: str | None = None,
    env_id: str | None = None,
) -> Trained:
    """Go on with a run where its checkpoint is.

    Args:
        path: The run.
        wishes: Of the training; what was not given is as saved.
        load: Makes the agent of the run and its config.
        agent: The algorithm, if it was named; it must be the run's.
        env_id: The id, if it was named; it must be the run's.

    Raises:
        ValueError: The run is another one, or damaged.
        OSError: There is nothing to resume from.
    """
    run = Run.open(path)
    with run.writing():
        about = run.read_config()
        for key, asked in (("agent", agent), ("env_id", env_id)):
            if asked is not None and asked != about.get(key):
                raise ValueError(
                    f"{run.folder} is a run of {about.get('agent')} on {about.get('env_id')}, not "
                    f"of {asked}; leave the names out: metazoo train --resume {path}"
                )
        return _resume(run, about, wishes.filled({**DEFAULTS, **about["config"]}), load)


def _resume(
    run: Run,
    about: dict[str, Any],
    wishes: Wishes,
    load: Callable[[Run, Mapping[str, Any]], Any],
) -> Trained:
    _set_threads(wishes.threads)
    model = load(run, about)
    model.applied = dict(about["config"].get("applied", model.applied))
    total = wishes.total_timesteps
    assert total is not None
    if model.num_timesteps >= total:
        print(
            f"{run.folder} is already finished: {model.num_timesteps:,} of {total:,} timesteps "
            "(--total-timesteps asks for more)"
        )
        return Trained(run) if run.curve_csv.is_file() else _finish(model, run, wishes)
    asked = {"total_timesteps": total, "eval_freq": wishes.eval_freq, "wandb": wishes.wandb}
    if any(about["config"].get(key) != value for key, value in asked.items()):
        about["config"].update(asked)  # what a further resume goes on to
        with atomic_file(run.config) as stream:
            stream.write(f"{json.dumps(about, indent=2)}\n".encode())
    return _train(model, run, wishes, resumed=True)


def _set_threads(threads: int | None) -> int:
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def _train(agent: Any, run: Run, wishes: Wishes, resumed: bool) -> Trained:
    begun, total = agent.num_timesteps, wishes.total_timesteps
    assert total is not None
    logger = make_logger(run.folder, wishes.verbose, begun if resumed else None)
    if wishes.wandb is not None:
        from ..core.saving.wandb_writer import WandbWriter

        logger.output_formats.append(WandbWriter(run, wishes.wandb))
    agent.set_logger(logger)
    agent.verbose = wishes.verbose
    describe(agent, total, always=True)
    going_on = f" (going on from {begun:,} timesteps)" if resumed else ""
    print(f"run: {run.folder}{going_on}", file=sys.stderr, flush=True)
    agent.verbose = 0
    saver, bar, stop = CheckpointCallback(run), ProgressBar(), StopOnSignal()
    hooks: list[Any] = [saver, stop, *_evaluations(run, wishes), Pace(total)]
    if not wishes.verbose:
        hooks.append(bar)
    with stop:
        try:
            agent.learn(total - begun, hooks, reset_num_timesteps=not resumed)
        except KeyboardInterrupt:
            saver.save()
        except NotFiniteError as error:
            saver.save()  # what the agent was put back to may be newer than the file
            raise error.followed_by(f"that state is kept in {run.checkpoint}") from error
        finally:
            bar.close()
            agent.logger.close()
    if saver.error is not None:
        raise saver.error
    return _stopped(run) if stop.stopped else _finish(agent, run, wishes)


def _evaluations(run: Run, wishes: Wishes) -> list[Any]:
    if wishes.eval_freq is None:
        return []
    from ..core.evaluation.held_out import HeldOutCallback

    return [HeldOutCallback(wishes.eval_freq, log=run.evaluations, best=run.best)]


def _stopped(run: Run) -> Trained:
    steps = read_checkpoint(run.checkpoint)[0]["progress"]["num_timesteps"]
    print(
        f"stopped; {steps:,} timesteps are saved in {run.checkpoint}\n"
        f"go on with: metazoo train --resume {run.folder}",
        file=sys.stderr,
        flush=True,
    )
    return Trained(run, stopped=True)


def _tasks_of(agent: Any) -> str:
    """Say whether the tasks that `evaluate` takes for an agent were held out of its training."""
    split = (agent.env_kwargs or {}).get("split", "test")
    return "held-out tasks" if split == "test" and "test" in agent.venv.splits else "tasks"


def _finish(agent: Any, run: Run, wishes: Wishes) -> Trained:
    """Measure the agent on tasks held out where there are some, and say where everything is."""
    made = [("checkpoint", run.checkpoint), ("figures", run.progress), ("TensorBoard", run.tb)]
    made += [("best", run.best)] if run.best.is_file() else []
    curve = None
    if wishes.eval_tasks:
        # imported late: scipy's statistics would hold up the first step of training by a second
        from ..core.evaluation.held_out import measure
        from ..core.evaluation.plot import save

        print(
            f"evaluating on {wishes.eval_tasks:,} {_tasks_of(agent)}", file=sys.stderr, flush=True
        )
        try:
            curve = measure(agent, wishes.eval_tasks)
        except KeyboardInterrupt:
            print(
                f"stopped; training is complete and saved in {run.checkpoint}\n"
                f"for the curve: metazoo train --resume {run.folder}",
                file=sys.stderr,
            )
            return Trained(run, stopped=True)
        curve.to_csv(run.curve_csv)
        save(curve.plot().figure, run.curve_png)
        print(curve)
        made += [("curve", run.curve_csv), ("picture", run.curve_png)]
    print("\n".join(f"{name + ':':<13}{path}" for name, path in made), flush=True)
    return Trained(run, curve=curve)
