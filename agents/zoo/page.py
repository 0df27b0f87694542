"""The card of an entry as a page: Markdown with the front matter that Hugging Face reads."""

from __future__ import annotations

import json
from typing import Any

from .. import ALGORITHMS
from .card import Card, Score


def page(card: Card, film: str | None = None) -> str:
    """Return the text of an entry's `README.md`.

    Args:
        card: What it says.
        film: Name of a film beside it, in which the agent plays a trial; None if there is none.
    """
    name = ALGORITHMS.get(card.agent, card.agent).rpartition(":")[2]
    kwargs = ", ".join(f"{key}={value!r}" for key, value in card.env_kwargs.items())
    where = f"`{card.id}`" + (f" ({kwargs})" if kwargs else "")
    life = card.score.protocol.get("steps")
    lines = [
        *_front_matter(card, name),
        f"# {name} on {card.id}",
        "",
        f"A pretrained agent of metazoo: {name}, trained on {where}. It acts and adapts; it has no "
        "optimiser state, and so does not learn on.",
        "",
        *([f"![{name} plays a held-out task of {card.id}]({film})", ""] if film else []),
        "## Use",
        "",
        "```python",
        "import agents",
        "",
        f'agent = agents.load_pretrained("{card.agent}", "{card.id}")',
        _evaluation(card),
        "```",
        "",
        "```",
        f"metazoo evaluate {card.agent} {card.id} --pretrained",
        f"metazoo play {card.agent} {card.id} --pretrained",
        "```",
        "",
        "## Score",
        "",
        _measured(card.score, life),
        "",
        "| | mean | 95 % interval | standard error |",
        "| --- | --- | --- | --- |",
        _row("this agent", card.score),
        *([_row("random play", card.chance)] if card.chance else []),
        *(
            f"| the same command, seed {one['seed']} | {_short(one['mean'])} | | "
            f"{_short(one['standard_error'])} |"
            for one in card.other_seeds
        ),
        "",
        _parts(card.score, life),
        "",
        *_origin(card),
        "",
    ]
    return "\n".join(lines)


def _origin(card: Card) -> list[str]:
    """Return the section that says how the agent was trained."""
    lines = [
        "## Training",
        "",
        f"{card.steps:,} steps in {card.seconds:.0f} s on {card.machine}, seed {card.seed}; "
        f"weights are stored as {card.precision}.",
        "",
        "```",
        card.command,
        "```",
        "",
        f"Commit `{card.commit}`, {card.date}; "
        + ", ".join(f"{key} {value}" for key, value in sorted(card.versions.items()))
        + ".",
    ]
    if card.arguments:
        given = ", ".join(f"`{key}={value}`" for key, value in card.arguments.items())
        lines += ["", f"Arguments beside presets and defaults: {given}."]
    if card.figures:
        told = ", ".join(f"{key} {_short(value)}" for key, value in card.figures.items())
        lines += ["", f"At the end of training: {told}."]
    return [*lines, "", f"SHA-256 of `agent.zip`: `{card.sha256}`"]


def _front_matter(card: Card, name: str) -> list[str]:
    """Return YAML; texts are quoted as JSON, which is YAML too."""
    value = f"{_short(card.score.mean)} +/- {_short(card.score.standard_error)}"
    tags = ["reinforcement-learning", "deep-reinforcement-learning", "meta-reinforcement-learning"]
    return [
        "---",
        "license: mit",
        "library_name: metazoo",
        "pipeline_tag: reinforcement-learning",
        "tags:",
        *(f"- {json.dumps(tag)}" for tag in [*tags, card.agent, card.id]),
        "model-index:",
        f"- name: {json.dumps(name)}",
        "  results:",
        "  - task:",
        "      type: reinforcement-learning",
        "      name: reinforcement-learning",
        "    dataset:",
        f"      name: {json.dumps(card.id)}",
        f"      type: {json.dumps(card.id.replace('/', '-'))}",
        "    metrics:",
        "    - type: mean_reward",
        f"      value: {json.dumps(value)}",
        "      name: mean_reward",
        "      verified: false",
        "---",
        "",
    ]


def _evaluation(card: Card) -> str:
    """Return the line of Python that measures the score again."""
    given = [f"{key}={value!r}" for key, value in card.score.protocol.items()]
    if card.env_kwargs:
        given.append(f"env_kwargs={dict(card.env_kwargs)!r}")
    # by itself, an agent of one lifetime would begin with nothing
    acts = _lives_once(card.agent) and not card.score.protocol.get("steps")
    player = "agents.baselines.Policy(agent)" if acts else "agent"
    return f'print(agents.evaluate({player}, "{card.id}", {", ".join(given)}))'


def _lives_once(agent: str) -> bool:
    from ..core.base.lifetime_algorithm import LifetimeAlgorithm
    from ..runs.train import class_of

    return agent in ALGORITHMS and issubclass(class_of(agent)[1], LifetimeAlgorithm)


def _measured(score: Score, life: int | None) -> str:
    of = "expected returns" if score.of == "expected_returns" else "returns"
    held, tasks = score.protocol.get("split"), score.protocol.get("num_tasks")
    what = f"rewards of a lifetime of {life:,} steps" if life else f"{of} of a trial's episodes"
    return (
        f"Sum of the {what}; mean over {tasks} tasks of the split `{held}`, seed "
        f"{score.protocol.get('seed')}."
    )


def _row(name: str, score: Score) -> str:
    ends = f"{_short(score.low)} to {_short(score.high)}"
    return f"| {name} | {_short(score.mean)} | {ends} | {_short(score.standard_error)} |"


def _parts(score: Score, life: int | None) -> str:
    parts = score.parts if len(score.parts) <= 10 else (*score.parts[:5], *score.parts[-5:])
    told = ", ".join(_short(one) for one in parts)
    more = (
        ""
        if len(parts) == len(score.parts)
        else f" (the first and last five of {len(score.parts)})"
    )
    return f"By {'part of the lifetime' if life else 'episode'}{more}: {told}."


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | int) else str(value)
