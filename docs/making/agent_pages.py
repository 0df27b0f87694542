"""Pages of agents: docstring, curves, arguments, presets."""

from __future__ import annotations

import html
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import agents
from agents.core.base.arguments import Argument
from agents.core.base.shown import short

from . import listing, markdown, pretrained, settings
from .curves import Curve


def overview() -> str:
    """Return the page with all agents."""
    rows = []
    for name, page in listing.agent_pages().items():
        cls = listing.agent_class(name)
        about = markdown.escaped(listing.first_line(cls))
        rows.append((f"[`{name}`](/{page})", f"`agents.{cls.__name__}`", about))
    return "\n\n".join(
        [
            "# Agents",
            "All of them have Stable-Baselines3's signatures, callbacks and logger, are trained by "
            "`metazoo train NAME ID`, and are measured by the same [`evaluate`](/evaluation). "
            "[How to choose](/choose) sorts them by setting.",
            markdown.table(("command", "class", "what it is"), rows),
            markdown.contents(listing.agent_pages().values(), hidden=True),
        ]
    )


def agent_page(name: str, curves: Sequence[Curve]) -> str:
    """Return the page of an agent.

    Args:
        name: On the command line.
        curves: What `benchmarks/results/` has of it.
    """
    cls, page = listing.agent_class(name), listing.agent_pages()[name]
    policies = ", ".join(f"`{policy}`" for policy in cls.policy_aliases)
    described = inspect.cleandoc(cls.__doc__ or "")
    kind = settings.setting_of(name)
    parts = [
        f"# {cls.__name__}",
        *(markdown.escaped(one) for one in markdown.paragraphs(described)),
        "\n".join(
            [
                f"- Setting: {kind} ([how to choose](/choose))",
                f"- Command: `metazoo train {name} ID`, class `agents.{cls.__name__}`",
                *([f"- Policies: {policies}"] if policies else []),
            ]
        ),
    ]
    raises = markdown.section(described, "Raises")
    if curves:
        parts += ["## Curves", _walls(page, curves)]
    if ready := pretrained.table(name):
        parts += [
            "## Pretrained",
            f'`agents.load_pretrained("{name}", ID)`; scores are of held-out tasks.',
            *([films] if (films := pretrained.films(name, page)) else []),
            ready,
        ]
    if told := pretrained.without_weights(name):
        parts += [*([] if ready else ["## Pretrained"]), told]
    parts += ["## Presets", _presets(cls.presets)]
    parts += ["## Arguments", _arguments(cls.arguments)]
    if raises:
        lines = [f"- `{error}`: {markdown.escaped(why)}" for error, why in raises.items()]
        parts += ["## Errors", "\n".join(lines)]
    return "\n\n".join(parts)


def _walls(page: str, curves: Sequence[Curve]) -> str:
    shown = [markdown.picture(page, one.path, one.alt, html.escape(one.caption)) for one in curves]
    return (
        "Each line is a seed; the files and commands are in "
        "[reproducing every number](/reproduce).\n\n"
        + markdown.raw('<div class="wall">' + "\n".join(shown) + "</div>")
    )


def _presets(presets: Mapping[str, Mapping[str, Any]]) -> str:
    if not presets:
        return "None: its defaults apply everywhere."
    pages, rows = listing.id_pages(), []
    for name, preset in presets.items():
        known = preset["id"]
        link = f"[`{known}`](/{pages[known]})" if known in pages else f"`{known}`"
        env = ", ".join(f"{key}={value!r}" for key, value in preset.get("env_kwargs", {}).items())
        told = ", ".join(f"{key}={short(value)}" for key, value in preset["arguments"].items())
        rows.append((f"`{name}`", link, markdown.code(env), markdown.code(told)))
    return (
        "Applied where id and arguments are these; `preset=None` leaves them out:\n\n"
        + markdown.table(("preset", "id", "with", "sets"), rows)
    )


def _arguments(arguments: Mapping[str, Argument]) -> str:
    rows = []
    for name, one in arguments.items():
        default = "*required*" if one.required else markdown.code(short(one.default))
        rows.append((f"`{name}`", default, markdown.escaped(" ".join(one.help.split()))))
    return markdown.table(("argument", "default", "what it is"), rows)


def listed() -> list[str]:
    """Return the public names of `agents` that are no agents: what the API reference shows."""
    classes = {listing.agent_class(name).__name__ for name in agents.ALGORITHMS}
    return sorted(set(agents.__all__) - classes, key=str.lower)
