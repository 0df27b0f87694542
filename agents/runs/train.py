"""Train into run folders from Python, as `metazoo train` does, with the command's words."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import ALGORITHMS
from ..core.evaluation.curve import AdaptationCurve
from ..core.saving.checkpoint import read_checkpoint
from ..core.saving.run import Run
from ..core.saving.stored import check_data
from .training import Trained, Wishes, resume, start


def train(
    algorithm: str | type | None = None,
    id: str | None = None,
    *,
    total_timesteps: int | None = None,
    seeds: Sequence[int] | None = None,
    eval_freq: int | None = None,
    eval_tasks: int | None = None,
    root: str | os.PathLike[str] = "runs",
    resume: str | os.PathLike[str] | None = None,
    wandb: str | None = None,
    threads: int | None = None,
    verbose: int = 0,
    allow_modules: Iterable[str] | str = (),
    **arguments: Any,
) -> list[Run]:
    """Train an agent into a folder of its own, once for each seed; then measure how it adapts.

    Args:
        algorithm: A name, e.g. `"rl2"`, or a class.
        id: Task distribution.
        total_timesteps: Environment steps; None is a million, or what a resumed run was asked for.
        seeds: Train once with each, one after the other; None trains once (`seed=` in arguments).
        eval_freq: Evaluate on held-out tasks about every so many steps, and keep the best agent
            beside the last; None does neither.
        eval_tasks: Held-out tasks of the final curve; 0 for no curve, None for 1,000.
        root: Folder of all runs.
        resume: A run to go on with, instead of an algorithm and an id.
        wandb: Name of a Weights & Biases project that gets the log too.
        threads: Threads of PyTorch.
        verbose: 1 prints all figures of every iteration.
        allow_modules: As in `MetaAlgorithm.load`, for a resumed run.
        **arguments: Constructor arguments of the algorithm.

    Returns:
        The runs; `runs[0].checkpoint` is what the algorithm's `load` takes.

    Raises:
        KeyboardInterrupt: Training was interrupted; it is saved, and `resume` goes on with it.
        OSError: A run cannot be read or written.
        ValueError: An argument is wrong.
    """
    wishes = Wishes(total_timesteps, eval_freq, eval_tasks, wandb, threads, verbose)
    if resume is not None:
        done = _resumed(resume, wishes, allow_modules, algorithm, id, seeds, arguments)
    else:
        if algorithm is None or id is None:
            raise ValueError("give an algorithm and an id, or a run to resume")
        name, cls = class_of(algorithm)
        done = train_seeds(name, cls, id, arguments, root, wishes, seeds)
    if done[-1].stopped:
        raise KeyboardInterrupt(f"saved in {done[-1].run.folder}")
    return [one.run for one in done]


def train_seeds(
    name: str,
    cls: Any,
    env_id: str,
    arguments: Mapping[str, Any],
    root: str | os.PathLike[str],
    wishes: Wishes,
    seeds: Sequence[int] | None,
) -> list[Trained]:
    """Train once for each seed; the last one may be stopped, and later ones are not begun.

    Args:
        name: The algorithm's name.
        cls: Its class.
        env_id: What to train on.
        arguments: Constructor arguments that were given.
        root: The folder of all runs.
        wishes: Of the training.
        seeds: None trains once.

    Raises:
        ValueError: An argument is wrong; before anything is trained where seeds are.
        OSError: A run cannot be written.
    """
    if seeds is None:
        return [start(name, cls, env_id, arguments, root, wishes)]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds={list(seeds)} must be one or more different numbers")
    if arguments.get("seed") is not None:
        raise ValueError(f"give seed={arguments['seed']} or seeds={list(seeds)}, not both")
    done: list[Trained] = []
    for i, seed in enumerate(seeds):
        done.append(start(name, cls, env_id, {**arguments, "seed": seed}, root, wishes))
        if done[-1].stopped:
            if left := list(seeds[i + 1 :]):
                print(f"not begun: seeds {left}", file=sys.stderr, flush=True)
            return done
    curves = [one.curve for one in done if one.curve is not None]
    if len(curves) == len(done) > 1:
        print(f"\nall seeds together:\n{AdaptationCurve.merge(*curves)}", flush=True)
    return done


def load_checkpoint(
    path: str | os.PathLike[str], device: str = "auto", allow_modules: Iterable[str] | str = ()
) -> Any:
    """Load the agent of a checkpoint, whichever algorithm of ours wrote it.

    Args:
        path: The file.
        device: Where the networks go.
        allow_modules: As in `MetaAlgorithm.load`.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no checkpoint, or one of an algorithm that is not ours.
    """
    data = read_checkpoint(path)[0]
    check_data(data, str(path))
    return known_class(data["algorithm"], path).load(
        path, device=device, allow_modules=allow_modules
    )


def known_class(name: str, path: str | os.PathLike[str]) -> Any:
    """Return the class of ours that a checkpoint names.

    Raises:
        ValueError: There is none.
    """
    for place in ALGORITHMS.values():
        module, _, class_name = place.partition(":")
        if class_name == name:
            return getattr(importlib.import_module(module), class_name)
    raise ValueError(
        f"{path} is a checkpoint of {name}, which this metazoo does not have; it has "
        f"{sorted(ALGORITHMS)}"
    )


def class_of(algorithm: str | type) -> tuple[str, Any]:
    """Return the name and the class of an algorithm.

    Args:
        algorithm: A name of ours, `"module:Name"`, or a class.

    Raises:
        ValueError: There is no such name.
    """
    if not isinstance(algorithm, str):
        place = f"{algorithm.__module__}:{algorithm.__qualname__}"
        ours = (name for name, one in ALGORITHMS.items() if one.endswith(f":{algorithm.__name__}"))
        return next(ours, place), algorithm
    place = ALGORITHMS.get(algorithm.lower(), algorithm)
    module, colon, name = place.partition(":")
    if not colon:
        raise ValueError(f"algorithm={algorithm!r} is unknown; there are {sorted(ALGORITHMS)}")
    return algorithm, getattr(importlib.import_module(module), name)


def _resumed(
    path: str | os.PathLike[str],
    wishes: Wishes,
    allow_modules: Iterable[str] | str,
    algorithm: str | type | None,
    id: str | None,
    seeds: Sequence[int] | None,
    arguments: Mapping[str, Any],
) -> list[Trained]:
    device = dict(arguments).pop("device", "auto")
    given = [key for key in arguments if key != "device"] + ["seeds"] * (seeds is not None)
    if given:
        raise ValueError(
            f"resume goes on with the saved settings; leave out {given}, or start a new run"
        )
    name = None if algorithm is None else class_of(algorithm)[0]

    def load(run: Run, about: Mapping[str, Any]) -> Any:
        return load_checkpoint(run.checkpoint, device, allow_modules)

    return [resume(path, wishes, load, name, id)]
