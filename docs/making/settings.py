"""Which agents are for which setting: the page "How to choose an agent"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import agents
from agents.core.base.agent_arguments import MetaGradientArguments
from agents.core.base.arguments import Declared
from agents.core.base.evolution_algorithm import EvolutionAlgorithm
from agents.core.base.learning_evolution import LearningEvolution
from agents.core.base.lifetime_algorithm import LifetimeAlgorithm
from agents.core.base.recurrent_acting import RecurrentActing
from agents.lpg.arguments import RuleArguments
from agents.metagenrl.arguments import ObjectiveArguments

from . import listing, markdown

# Setting, when it is yours, and what its agents are; the first that fits counts.
SETTINGS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    (
        "By imitation",
        "There are demonstrations: of the task, or of many tasks and of the new one.",
        lambda cls: "demonstrations" in cls.arguments,
    ),
    (
        "Few-shot, by gradient steps",
        "A new task gives some episodes, and parameters may be changed in between.",
        lambda cls: hasattr(cls, "inner_lr"),
    ),
    (
        "Few-shot, by memory or belief",
        "A new task gives a few episodes, or even one; nothing is trained in it: what was seen "
        "stands in a state, a belief or a latent.",
        lambda cls: issubclass(cls, RecurrentActing) or "exploration_episodes" in cls.arguments,
    ),
    (
        "Many-shot, by a learnt rule",
        "A new task gives a whole training; the rule by which it trains is what is learnt.",
        lambda cls: (
            issubclass(cls, (RuleArguments, LearningEvolution, ObjectiveArguments))
            or "weights" in cls.arguments  # of a rule that others found
        ),
    ),
    (
        "One lifetime, tuning itself",
        "There is but one task, which may change; the learner adapts its own discount, weights or "
        "objective on the way.",
        lambda cls: issubclass(cls, MetaGradientArguments),
    ),
    (
        "One lifetime",
        "There is but one task, and nothing is learnt about learning: what the above are built on "
        "and compared with.",
        lambda cls: issubclass(cls, LifetimeAlgorithm),
    ),
    (
        "Populations",
        "There are processors to spare, or no gradient: arguments, parameters or the tasks "
        "themselves evolve.",
        lambda cls: issubclass(cls, EvolutionAlgorithm) or "member_kwargs" in cls.arguments,
    ),
    (
        "Others",
        "What none of the above describes: skills without rewards, and parts of the above.",
        lambda cls: issubclass(cls, Declared),
    ),
)


def setting_of(name: str) -> str:
    """Return the setting that an agent is for."""
    cls = listing.agent_class(name)
    return next(title for title, _, fits in SETTINGS if fits(cls))


def by_setting() -> list[tuple[str, str, list[str]]]:
    """Return each setting with when it is yours and its agents, by their names on the command line.

    A setting without agents is left out.
    """
    found: dict[str, list[str]] = {}
    for name in agents.ALGORITHMS:
        found.setdefault(setting_of(name), []).append(name)
    return [(title, when, found[title]) for title, when, _ in SETTINGS if title in found]


def table() -> str:
    """Return the table: setting, when, agents."""
    pages = listing.agent_pages()
    rows = [
        (f"**{title}**", when, ", ".join(_link(name, pages[name]) for name in names))
        for title, when, names in by_setting()
    ]
    return markdown.table(("setting", "when", "agents"), rows)


def _link(name: str, page: str) -> str:
    return f"[{listing.agent_class(name).__name__}](/{page})"
