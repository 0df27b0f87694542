"""`metazoo train`: a run from its first step, or from where one was stopped, to its curve."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from .. import ALGORITHMS
from . import find, flags, ids
from .values import Count, join_pairs, several, spec, whole_number

_OVERVIEW = """\
usage: metazoo train ALGORITHM ID [OPTIONS]
       metazoo train --resume RUN [--total-timesteps N]

Train an agent on a task distribution, into a run folder of its own; at the end, measure how it
adapts to tasks it has never seen. Ctrl-C saves, and --resume goes on from there as if nothing had
happened.

Algorithms:
{algorithms}

For example:
  metazoo train rl2 meta/DependentBandit-v0 --total-timesteps 1e6 --seed 0
  metazoo train rl2 meta/DependentBandit-v0 --env-kwargs variant=hard --learning-rate 3e-4
  metazoo train rl2 mypkg:mine/X-v0
  metazoo train my_agents:Mine meta/DependentBandit-v0
  metazoo train --resume runs/last

`metazoo train ALGORITHM --help` shows every option; `metazoo list` shows the ids.
"""


def _unless(default: str) -> Any:
    return tyro.conf.arg(help_behavior_hint=f"(default: {default})")


_INTERRUPTED = 130  # the exit code of a shell's command that Ctrl-C ended


@dataclasses.dataclass
class TrainOptions:
    """What every algorithm takes."""

    id: Annotated[
        str | None,
        tyro.conf.Positional,
        tyro.conf.arg(metavar="ID", help_behavior_hint="(required, but for --resume)"),
    ] = None
    """Task distribution, e.g. meta/DependentBandit-v0 or mypkg:mine/X-v0."""
    total_timesteps: Annotated[Any, spec(whole_number, "N"), _unless("1,000,000")] = flags.NotGiven(
        "1,000,000"
    )
    """Environment steps to train for. A resumed run goes to what it was asked for."""
    seeds: Annotated[Any, several(whole_number, "N ..."), _unless("one run, of --seed")] = (
        flags.NotGiven("one run, of --seed")
    )
    """Train once with each of these seeds, one after the other."""
    eval_freq: Annotated[Any, spec(whole_number, "N"), _unless("only at the end")] = flags.NotGiven(
        "only at the end"
    )
    """Evaluate on 100 held-out tasks about every N steps, into evaluations.csv, and keep the best
    agent as best.zip."""
    root: Annotated[str, tyro.conf.arg(metavar="FOLDER")] = "runs"
    """Folder of all runs; a run is never overwritten."""
    resume: Annotated[Any, spec(str, "RUN"), _unless("no")] = flags.NotGiven("no")
    """Go on with a run (its folder, or runs/last) and its saved settings."""
    eval_tasks: Annotated[
        Any, spec(whole_number, "N"), _unless("1,000; 20 episodes where there is but one task")
    ] = flags.NotGiven("1,000")
    """Held-out tasks of the final curve; 0 for no curve."""
    wandb: Annotated[Any, spec(str, "PROJECT"), _unless("no")] = flags.NotGiven("no")
    """Send the log to this project of Weights & Biases too."""
    threads: Annotated[Any, spec(whole_number, "N"), _unless("as PyTorch chooses")] = (
        flags.NotGiven("as PyTorch chooses")
    )
    """Threads of PyTorch. Results are the same, bit for bit, for one number of them."""
    verbose: Count = 0
    """1 prints all figures of every iteration."""


def main(argv: Sequence[str]) -> int:
    """Train; return the exit code.

    Raises:
        ValueError: The command line, an argument or a checkpoint is wrong.
        OSError: A file cannot be read or written.
    """
    words = join_pairs(argv)
    if not words or words[0] in ("-h", "--help"):
        print(_OVERVIEW.format(algorithms=_algorithms()), end="")
        return 0
    if words[0].startswith("-"):
        if not any(word.partition("=")[0] == "--resume" for word in words):
            raise find.UsageError(f"name an algorithm first; there are {sorted(ALGORITHMS)}")
        options = tyro.cli(TrainOptions, prog="metazoo train", args=words)
        return _resume(options, None, {})
    if len(words) > 1 and words[1].lower() in ALGORITHMS and words[0].lower() not in ALGORITHMS:
        words[:2] = words[1], words[0]  # ID ALGORITHM
    name = find.algorithm_name(words[0])
    # Before torch is loaded, which takes seconds: a wrong id is answered at once.
    id = words[1] if len(words) > 1 and not words[1].startswith("-") else None
    if id is not None:
        ids.known(id)
    cls = find.algorithm(name)
    if id is not None:
        ids.playable(id, cls)
    options, arguments = _parse(name, cls, words[1:])
    if "resume" in flags.given(options):
        return _resume(options, name, arguments)
    return _start(options, name, cls, arguments)


def _algorithms() -> str:
    from .listing import algorithms

    rows = algorithms()
    width = max(len(one["name"]) for one in rows) + 2
    return "\n".join(f"  {one['name']:<{width}}{one['paper']}" for one in rows)


def _parse(name: str, cls: type, words: list[str]) -> tuple[TrainOptions, dict[str, Any]]:
    plain = tyro.conf.OmitArgPrefixes
    own = cls.__name__  # lower, one of them would be a keyword: import
    asked = {"-h", "--help"} & set(words)
    arguments = flags.arguments_class(cls, preset=flags.preset_of(cls, words) if asked else {})
    both: Any = dataclasses.make_dataclass(
        "Both", [("run", plain[TrainOptions]), (own, plain[arguments])]
    )
    about = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:")[0].replace("`", "")
    first, *others = (" ".join(part.split()) for part in about.split("\n\n"))
    # indented: tyro joins lines that begin with a letter, and leaves wrapping to the terminal
    more = [textwrap.indent(textwrap.fill(part, 76), "  ") for part in others]
    width = (
        "hidden_size=64"
        if "GruPolicy" in getattr(cls, "policy_aliases", ())
        else "net_arch=[64,64]"
    )
    parsed: Any = tyro.cli(
        both,
        prog=f"metazoo train {name}",
        description=(
            "\n\n".join([first, *more]) + "\n\nFor example:\n"
            f"  metazoo train {name} meta/DependentBandit-v0 --total-timesteps 1e6 --seed 0\n"
            f"  metazoo train {name} meta/GridNavi-v0 --learning-rate linear:1e-3:0\n"
            f"  metazoo train {name} meta/GridNavi-v0 --policy-kwargs {width}"
        ),
        args=words,
    )
    return parsed.run, flags.given(getattr(parsed, own))


def _start(options: TrainOptions, name: str, cls: Any, arguments: dict[str, Any]) -> int:
    from ..runs.train import train_seeds

    if options.id is None:
        raise find.UsageError(
            f"name a task distribution: metazoo train {name} ID; `metazoo list` shows them"
        )
    ids.known(options.id)
    ids.playable(options.id, cls)
    given = flags.given(options)
    done = train_seeds(
        name, cls, options.id, arguments, options.root, _wishes(options), given.get("seeds")
    )
    return _INTERRUPTED if done[-1].stopped else 0


def _resume(options: TrainOptions, name: str | None, arguments: dict[str, Any]) -> int:
    from ..runs import training

    device = arguments.pop("device", "auto")
    given = [*arguments, *(["seeds"] if "seeds" in flags.given(options) else [])]
    if given:
        raise find.UsageError(
            f"--resume goes on with the saved settings; leave out {sorted(given)}, or start a "
            "new run"
        )

    def load(run: Any, about: Any) -> Any:
        ids.named_by_a_file(about["env_id"], run.config)
        return find.checkpoint(run.checkpoint, device=device)

    done = training.resume(options.resume, _wishes(options), load, agent=name, env_id=options.id)
    return _INTERRUPTED if done.stopped else 0


def _wishes(options: TrainOptions) -> Any:
    from ..runs.training import Wishes

    given = flags.given(options)
    return Wishes(**{name: given[name] for name in Wishes.names() if name in given})
