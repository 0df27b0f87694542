"""Carrying out `metazoo train`: start or resume a run, stop cleanly, measure at the end."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

import torch

from ..core.base.training_log import describe
from ..core.losses.finite import NotFiniteError
from ..core.saving.checkpoint import read_checkpoint
from ..core.saving.checkpoint_callback import CheckpointCallback
from ..core.saving.files import atomic_file
from ..core.saving.progress_bar import ProgressBar
from ..core.saving.run import Run
from ..core.saving.writers import make_logger
from . import find, flags
from .interrupts import StopOnSignal

INTERRUPTED = 130  # the exit code of a shell's command that Ctrl-C ended
_DEFAULTS = {"total_timesteps": 1_000_000, "eval_tasks": 1_000}


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the command line says about the training rather than the agent; None is not given."""

    total_timesteps: int | None = None
    eval_tasks: int | None = None
    threads: int | None = None
    verbose: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, least in (("total_timesteps", 1), ("eval_tasks", 0), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise find.UsageError(
                    f"--{name.replace('_', '-')} {value} must be at least {least}"
                )

    @classmethod
    def names(cls) -> list[str]:
        """Return what can be wished for."""
        return [field.name for field in dataclasses.fields(cls)]

    def filled(self, saved: dict[str, Any]) -> Wishes:
        """Return these wishes with what was not given taken from a run's config."""
        own = {key: value for key, value in vars(self).items() if value is not None}
        saved = {key: saved[key] for key in vars(self) if saved.get(key) is not None}
        return Wishes(**{**saved, **own})


def start(
    name: str, cls: Any, env_id: str, arguments: dict[str, Any], root: str, wishes: Wishes
) -> int:
    """Begin a new run and train it to its end.

    Args:
        name: The algorithm's name.
        cls: Its class.
        env_id: What to train on.
        arguments: Constructor arguments that were given.
        root: The folder of all runs.
        wishes: Of the training.

    Returns:
        The exit code.

    Raises:
        ValueError: An argument is wrong.
        OSError: The run cannot be written.
    """
    wishes = wishes.filled(_DEFAULTS).filled({"threads": _set_threads(wishes.threads)})
    rest = {key: value for key, value in arguments.items() if key != "policy"}
    policy = arguments.get("policy", flags.default_policy(cls))
    agent = cls(env=env_id, **({} if policy is None else {"policy": policy}), **rest)
    if "policy" not in arguments:
        agent.applied["policy"] = "default"
    config = {
        **{key: value for key, value in vars(wishes).items() if key != "verbose"},
        "arguments": arguments,
        "settings": agent.settings,
        "applied": agent.applied,
    }
    run = Run.create(root, name, env_id, agent.seed, config)
    with run.writing():
        return _train(agent, run, wishes, resumed=False)


def resume(
    path: str, wishes: Wishes, device: str, agent: str | None = None, env_id: str | None = None
) -> int:
    """Go on with a run where its checkpoint is.

    Args:
        path: The run.
        wishes: Of the training; what was not given is as saved.
        device: Where the networks go.
        agent: The algorithm, if it was named; it must be the run's.
        env_id: The id, if it was named; it must be the run's.

    Returns:
        The exit code.

    Raises:
        ValueError: The run is another one, or damaged.
        OSError: There is nothing to resume from.
    """
    run = Run.open(path)
    with run.writing():
        return _resume(run, path, wishes, device, agent, env_id)


def _resume(
    run: Run, path: str, wishes: Wishes, device: str, agent: str | None, env_id: str | None
) -> int:
    about = run.read_config()
    for key, asked in (("agent", agent), ("env_id", env_id)):
        if asked is not None and asked != about.get(key):
            raise find.UsageError(
                f"{run.folder} is a run of {about.get('agent')} on {about.get('env_id')}, not of "
                f"{asked}; leave the names out: metazoo train --resume {path}"
            )
    wishes = wishes.filled({**_DEFAULTS, **about["config"]})
    find.named_by_a_file(about["env_id"], run.config)
    _set_threads(wishes.threads)
    model = find.checkpoint(run.checkpoint, device=device)
    model.applied = dict(about["config"].get("applied", model.applied))
    total = wishes.total_timesteps
    assert total is not None
    if model.num_timesteps >= total:
        print(
            f"{run.folder} is already finished: {model.num_timesteps:,} of {total:,} timesteps "
            "(--total-timesteps asks for more)"
        )
        return 0 if run.curve_csv.is_file() else _finish(model, run, wishes)
    if total != about["config"].get("total_timesteps"):
        about["config"]["total_timesteps"] = total  # what a further resume goes on to
        with atomic_file(run.config) as stream:
            stream.write(f"{json.dumps(about, indent=2)}\n".encode())
    return _train(model, run, wishes, resumed=True)


def _set_threads(threads: int | None) -> int:
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def _train(agent: Any, run: Run, wishes: Wishes, resumed: bool) -> int:
    begun = agent.num_timesteps
    agent.set_logger(make_logger(run.folder, wishes.verbose, begun if resumed else None))
    _announce(agent, run, begun if resumed else None)
    saver, bar, stop = CheckpointCallback(run), ProgressBar(), StopOnSignal()
    hooks = [saver, stop] if wishes.verbose else [saver, stop, bar]
    assert wishes.total_timesteps is not None
    with stop:
        try:
            agent.learn(wishes.total_timesteps - begun, hooks, reset_num_timesteps=not resumed)
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
    if stop.stopped:
        return _stopped(run)
    return _finish(agent, run, wishes)


def _announce(agent: Any, run: Run, begun: int | None) -> None:
    """Say what applied, and where the run is."""
    agent.verbose = 1
    describe(agent)
    agent.verbose = 0
    going_on = "" if begun is None else f" (going on from {begun:,} timesteps)"
    print(f"run: {run.folder}{going_on}", file=sys.stderr, flush=True)


def _stopped(run: Run) -> int:
    steps = read_checkpoint(run.checkpoint)[0]["progress"]["num_timesteps"]
    print(
        f"stopped; {steps:,} timesteps are saved in {run.checkpoint}\n"
        f"go on with: metazoo train --resume {run.folder}",
        file=sys.stderr,
        flush=True,
    )
    return INTERRUPTED


def _tasks_of(agent: Any) -> str:
    """Say whether the tasks that `evaluate` takes for an agent were held out of its training."""
    split = (agent.env_kwargs or {}).get("split", "test")
    return "held-out tasks" if split == "test" and "test" in agent.venv.splits else "tasks"


def _finish(agent: Any, run: Run, wishes: Wishes) -> int:
    """Measure the agent on tasks held out where there are some, and say where everything is."""
    made = [("checkpoint", run.checkpoint), ("figures", run.progress), ("TensorBoard", run.tb)]
    if wishes.eval_tasks:
        # imported late: scipy's statistics would hold up the first step of training by a second
        from ..core.evaluation.evaluate import evaluate
        from ..core.evaluation.plot import save

        print(
            f"evaluating on {wishes.eval_tasks:,} {_tasks_of(agent)}", file=sys.stderr, flush=True
        )
        try:
            rows = agent.settings.get("rows_per_task", 1)  # as the inner loop was trained
            curve = evaluate(
                agent,
                agent.env_id,
                num_tasks=wishes.eval_tasks,
                env_kwargs=agent.env_kwargs,
                rows_per_task=rows,
                num_envs=max(256, 10 * rows),
            )
        except KeyboardInterrupt:
            print(
                f"stopped; training is complete and saved in {run.checkpoint}\n"
                f"for the curve: metazoo train --resume {run.folder}",
                file=sys.stderr,
            )
            return INTERRUPTED
        curve.to_csv(run.curve_csv)
        save(curve.plot().figure, run.curve_png)
        print(curve)
        made += [("curve", run.curve_csv), ("picture", run.curve_png)]
    print("\n".join(f"{name + ':':<13}{path}" for name, path in made), flush=True)
    return 0
