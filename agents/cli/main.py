"""The `metazoo` command: finds the command asked for, and turns errors into one line."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from meta_envs.core.names import guarded

from . import find, trust

# Name: (module:function, what it does, an example)
COMMANDS = {
    "train": (
        "agents.cli.train:main",
        "train an agent into a run folder, or resume one",
        "metazoo train rl2 meta/DependentBandit-v0 --total-timesteps 1e6 --seed 0",
    ),
    "evaluate": (
        "agents.cli.evaluate:evaluate",
        "measure how an agent or a baseline adapts to held-out tasks",
        "metazoo evaluate runs/last    or    metazoo evaluate ucb1 meta/DependentBandit-v0",
    ),
    "plot": (
        "agents.cli.plot:plot",
        "draw several runs, their seeds merged, into one picture",
        "metazoo plot runs/* ucb1.csv --out comparison.png",
    ),
    "table": (
        "agents.cli.plot:table",
        "tabulate several runs, their seeds merged: mean, IQM, interval",
        "metazoo table runs/* --out results.md",
    ),
    "tune": (
        "agents.cli.tune:tune",
        "search for good arguments, and write them as a preset",
        "metazoo tune rl2 meta/DependentBandit-v0 --minutes 10",
    ),
    "list": (
        "agents.cli.listing:list_",
        "list task distributions, algorithms and baselines",
        "metazoo list bandit",
    ),
    "describe": (
        "agents.cli.describe:describe",
        "tell all about a task distribution: tasks, spaces, reward, presets, chance",
        "metazoo describe meta/GridNavi-v0 --out grid.png",
    ),
    "check": (
        "agents.cli.check:check",
        "check the laws of a task distribution or an agent of your own",
        "metazoo check mypkg:mine/X-v0    or    metazoo check my_agents:Mine",
    ),
    "play": (
        "agents.cli.play:play",
        "act with the keyboard, or watch an agent adapt, episode by episode",
        "metazoo play meta/GridNavi-v0    or    metazoo play --agent runs/last",
    ),
    "video": (
        "agents.cli.video:video",
        "film an agent adapting, with the task's parameters in every picture",
        "metazoo video meta/HalfCheetahDir-v0 --agent runs/last --out cheetah.mp4",
    ),
    "zoo": (
        "agents.cli.zoo:zoo",
        "list pretrained agents and what they earn",
        "metazoo zoo bandit    or    metazoo play rl2 meta/DependentBandit-v0 --pretrained",
    ),
    "push": (
        "agents.cli.zoo:push",
        "write a pretrained agent or a run in Hugging Face's layout",
        "metazoo push runs/last shared/mine    or    metazoo push runs/last hf://me/mine",
    ),
    "pull": (
        "agents.cli.zoo:pull",
        "get a pretrained agent that somebody pushed",
        "metazoo pull hf://me/mine",
    ),
    "benchmark": (
        "agents.cli.suites:benchmark",
        "run a suite of trainings, which goes on after interruptions",
        "metazoo benchmark quick --dry-run    or    metazoo benchmark mine.yaml --workers 2",
    ),
    "report": (
        "agents.cli.suites:report",
        "write tables, comparisons and profiles of a suite, and a page",
        "metazoo report benchmarks-quick",
    ),
    "speedrun": (
        "agents.cli.suites:speedrun",
        "measure how long a training takes to a fixed score",
        "metazoo speedrun dependent-bandit",
    ),
    "tournament": (
        "agents.cli.tournament:tournament",
        "let agents trained on contests play each other, all pairs, and rate them",
        "metazoo tournament runs/ppo-Sumo-v0-s0 runs/rl2-Sumo-v0-s0",
    ),
    "completion": (
        "agents.cli.completion:completion",
        "print the script with which bash, zsh or fish complete all of this",
        "metazoo completion bash > ~/.local/share/bash-completion/completions/metazoo",
    ),
}
_OWN_PARSER = ("train",)  # its flags depend on the algorithm
_USAGE = 2  # exit code of a command that could not be carried out
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        argv: Words after `metazoo`; None is this process's.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    traceback = "--traceback" in words or os.environ.get("METAZOO_TRACEBACK", "0") not in ("", "0")
    words = [word for word in words if word != "--traceback"]
    with warnings.catch_warnings(), _sigterm_as_interrupt(), _columns_of_terminal():
        warnings.showwarning = _one_line  # a warning's line of source says nothing to users
        try:
            words, allowed = _allowed_modules(words)
            with trust.allowing(allowed), guarded(trust.typed):
                code = _dispatch(words)
            sys.stdout.flush()  # a reader that has gone shows here, not when Python exits
            return code
        except SystemExit as end:  # tyro's, after a help text or a wrong flag
            return end.code if isinstance(end.code, int) else 0 if end.code is None else _USAGE
        except KeyboardInterrupt:
            print("metazoo: interrupted", file=sys.stderr)
            return _INTERRUPTED
        except BrokenPipeError:  # e.g. `metazoo list | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except Exception as error:
            if traceback or not isinstance(error, _expected()):
                raise
            print(f"metazoo: error: {_message(error)}", file=sys.stderr)
            return _USAGE


def _allowed_modules(words: list[str]) -> tuple[list[str], list[str]]:
    """Take `--allow-module NAME` out of the words; it may come several times."""
    rest, allowed = [], []
    left = iter(words)
    for word in left:
        flag, equals, name = word.partition("=")
        if flag not in ("--allow-module", "--allow_module"):
            rest.append(word)
            continue
        name = name if equals else next(left, "")
        if not name or name.startswith("-"):
            raise find.UsageError("--allow-module needs a module's name, e.g. mypkg")
        allowed.append(name)
    return rest, allowed


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"metazoo {version('metazoo')}")
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        raise find.UsageError(
            f"no command {name!r}; {find.nearest(name, COMMANDS)}there are {', '.join(COMMANDS)}"
        )
    command = load(COMMANDS[name][0])
    if name in _OWN_PARSER:
        return command(rest)
    import tyro

    from .values import join_pairs

    return tyro.cli(command, prog=f"metazoo {name}", args=join_pairs(rest))


def overview() -> str:
    """Return the help text of the command itself."""
    width = max(map(len, COMMANDS))
    lines = [
        "usage: metazoo COMMAND ...",
        "",
        "Meta-reinforcement learning: train agents that learn new tasks, and see how well they do.",
        "",
    ]
    for name, (_, what, example) in COMMANDS.items():
        lines += [f"  {name:<{width}}  {what}", f"  {'':<{width}}    $ {example}"]
    lines += [
        "",
        "`metazoo COMMAND --help` shows a command's options; --traceback shows where an error",
        "comes from; --allow-module NAME lets a run or a checkpoint import the module it names;",
        "--version shows the version.",
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def _columns_of_terminal() -> Iterator[None]:
    """Let what is piped be as wide as the terminal, if another stream still leads to one."""
    if "COLUMNS" in os.environ or os.isatty(1):
        yield
        return
    for stream in (2, 0):
        with contextlib.suppress(OSError):
            os.environ["COLUMNS"] = str(os.get_terminal_size(stream).columns)
            break
    try:
        yield
    finally:
        os.environ.pop("COLUMNS", None)


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


def load(place: str) -> Callable[..., Any]:
    """Return the function of a command, from `"module:function"`."""
    module, _, function = place.partition(":")
    return getattr(importlib.import_module(module), function)


def _expected() -> tuple[type[BaseException], ...]:
    """Return the errors that tell users something; others are defects, and keep their traceback."""
    import gymnasium as gym

    return (ValueError, OSError, TypeError, ImportError, NotImplementedError, gym.error.Error)


def _message(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def _one_line(message: Warning | str, *rest: Any, **more: Any) -> None:
    print(f"metazoo: warning: {' '.join(str(message).split())}", file=sys.stderr)
