"""`metazoo zoo`, `push` and `pull`: pretrained agents, listed and shared."""

from __future__ import annotations

import fnmatch
import json as json_
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from . import find
from .values import unless

_WIDE = 300  # columns, where there is no terminal
_ALL = 160  # with fewer, some are left out


def zoo(
    pattern: Annotated[str | None, tyro.conf.Positional, unless("everything", "[PATTERN]")] = None,
    json: bool = False,
) -> int:
    """List pretrained agents with what they earn on held-out tasks.

    For example:
      metazoo zoo
      metazoo zoo bandit
      metazoo zoo 'maml-*' --json

    Args:
        pattern: Only entries whose name contains this text, or matches it as a glob.
        json: Write JSON: the whole cards.
    """
    from ..zoo import shelf

    known = shelf.entries()
    sought = (pattern or "").lower()
    chosen = {
        name: entry
        for name, entry in known.items()
        if sought in name.lower() or fnmatch.fnmatchcase(name.lower(), sought)
    }
    if json:
        import dataclasses

        cards = {name: dataclasses.asdict(entry.card) for name, entry in chosen.items()}
        print(json_.dumps(cards, indent=1))
        return 0
    if not known:
        raise find.UsageError(
            "no pretrained agent is here, as wheels leave them out; they are in assets/zoo of a "
            f"clone of the repository ({shelf.VARIABLE}=FOLDER names it), and metazoo pull gets "
            "single ones"
        )
    if not chosen:
        near = find.nearest(sought, known) or "`metazoo zoo` lists all"
        raise find.UsageError(f"nothing matches {pattern!r}; {near}")
    _print([_row(entry) for entry in chosen.values()])
    count = f"{len(chosen)} pretrained agent{'s' if len(chosen) > 1 else ''}"
    print(f"{count}. Scores are returns of a trial on held-out tasks, mean +- standard error.")
    print("Watch one: metazoo play AGENT ID --pretrained; or evaluate, or video.")
    return 0


def _row(entry: Any) -> tuple[str, ...]:
    card, score = entry.card, entry.card.score
    kwargs = ",".join(f"{key}={value}" for key, value in card.env_kwargs.items())
    parts = score.parts if len(score.parts) <= 4 else (score.parts[0], score.parts[-1])
    joined = " ... " if len(score.parts) > 4 else "  "
    return (
        card.agent,
        card.id,
        kwargs,
        f"{score.mean:.4g} +- {score.standard_error:.2g}",
        "" if card.chance is None else f"{card.chance.mean:.4g}",
        joined.join(f"{one:.4g}" for one in parts),
        f"{card.steps:,}",
        f"{card.seconds:.0f} s",
    )


def _print(rows: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    console = Console(width=columns, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    heads = ("agent", "id", "with", "score", "chance", "by episode", "steps", "training")
    shown = heads if columns >= _ALL else heads[:5]  # --json has the others
    for head in shown:
        right = head in ("score", "chance", "steps", "training")
        side: Literal["left", "right"] = "right" if right else "left"
        table.add_column(head, no_wrap=head != "with", overflow="fold", justify=side)
    for row in rows:
        table.add_row(*row[: len(shown)])
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().strip("\n").splitlines()))


def push(
    entry: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ENTRY")],
    target: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER|hf://USER/NAME")],
    num_tasks: Annotated[int, tyro.conf.arg(metavar="N")] = 1000,
    private: bool = False,
) -> int:
    """Write a pretrained agent, or one of your own, in Hugging Face's layout.

    What is written: README.md (the card, with front matter), card.json, config.json and
    model.safetensors. The hub needs what pip install "metazoo[hub]" installs, and a login of yours
    (hf auth login).

    For example:
      metazoo push rl2-meta-DependentBandit-v0 shared/bandit
      metazoo push runs/last shared/mine --num-tasks 200
      metazoo push runs/last hf://me/my-agent

    Args:
        entry: A name that metazoo zoo lists as AGENT-ID, the folder of an entry, or a run's folder,
            which is measured first.
        target: A folder, or a repository of the hub.
        num_tasks: Held-out tasks on which a run is measured.
        private: Make a new repository private.
    """
    from ..zoo import hub, shelf
    from ..zoo.card import NAME
    from ..zoo.entry import Entry

    known = shelf.entries()
    if (Path(entry) / NAME).is_file():
        print(f"written: {hub.push(Entry.read(entry), target, private)}", file=sys.stderr)
        return 0
    if entry in known:
        print(f"written: {hub.push(known[entry], target, private)}", file=sys.stderr)
        return 0
    if not Path(entry).is_dir():
        raise find.UsageError(
            f"{entry} is neither an entry nor a run's folder; {find.nearest(entry, known)}"
            "metazoo zoo lists the entries, named AGENT-ID"
        )
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = _of_run(entry, Path(folder), num_tasks)
        print(f"written: {hub.push(made, target, private)}", file=sys.stderr)
    return 0


def _of_run(folder: str, place: Path, num_tasks: int) -> Any:
    """Make an entry of a run: small weights and their score."""
    import shlex

    from ..core.saving.run import Run
    from ..zoo.entry import name_of
    from ..zoo.making import write_entry

    run = Run.open(Path(folder))
    about = run.read_config()
    agent = find.checkpoint(run.checkpoint, device="cpu")
    config = about["config"]
    return write_entry(
        agent,
        about["agent"],
        place / name_of(about["agent"], agent.env_id),
        command=shlex.join(["metazoo", *map(str, about.get("command", [])[1:])]),
        seconds=0.0,
        arguments=config.get("arguments", {}),
        protocol={"num_tasks": num_tasks},
        log=Path(folder) / "progress.csv",
    )


def pull(
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER|hf://USER/NAME")],
    into: Annotated[str | None, unless("METAZOO_ZOO, else a folder of yours", "FOLDER")] = None,
) -> int:
    """Get a pretrained agent that `metazoo push` wrote; --pretrained then finds it.

    Its files are a stranger's: they are compared with the card and read without running any code,
    and SECURITY.md says what remains.

    For example:
      metazoo pull shared/bandit
      metazoo pull hf://me/my-agent

    Args:
        source: A folder, or a repository of the hub.
        into: The folder of entries.
    """
    from ..zoo import hub

    found = hub.pull(source, None if into is None else Path(into))
    card = found.card
    print(f"pulled: {found.folder}", file=sys.stderr)
    print(f"metazoo evaluate {card.agent} {card.id} --pretrained")
    return 0
