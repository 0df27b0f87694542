"""`--pretrained`: who plays where, when a pretrained agent is asked for by its name."""

from __future__ import annotations

from typing import Any

from . import find, ids


def who_plays(
    words: tuple[str | None, str | None],
    agent: str | None,
    pretrained: bool,
    env_kwargs: dict[str, Any] | None,
) -> tuple[str | None, str | None]:
    """Return the id and the agent that a command names; a pretrained one by its checkpoint.

    Args:
        words: The words without a flag: an id, or an agent and an id, in either order.
        agent: Of `--agent`.
        pretrained: Whether the agent is the name of an algorithm, to be taken from the zoo.
        env_kwargs: As given; they choose among pretrained agents of one id.

    Returns:
        The id, None if it is the agent's own; and what stands for the agent, None if none does.

    Raises:
        UsageError: There are too many names, or too few.
        ValueError: There is no such pretrained agent; names what is near.
    """
    first, second = words
    if second is not None:
        if agent is not None:
            raise find.UsageError(
                f"two agents are named: {first} and --agent {agent}; leave one of them out"
            )
        agent, id = ids.in_order(str(first), second)
    elif pretrained and agent is None:
        agent, id = first, None
    else:
        id = first
    if not pretrained:
        return id, agent
    if agent is None or id is None:
        raise find.UsageError(
            "--pretrained needs the name of an algorithm and an id, e.g. rl2 "
            "meta/DependentBandit-v0 --pretrained; `metazoo zoo` lists what there is"
        )
    return None, checkpoint_of(agent, id, env_kwargs)


def checkpoint_of(agent: str, id: str, env_kwargs: dict[str, Any] | None) -> str:
    """Return the path of a pretrained agent's checkpoint, compared with its card.

    Args:
        agent: Name of the algorithm.
        id: What it was trained on.
        env_kwargs: That it was trained with; where no entry has these, they change the agent's own.

    Raises:
        OSError: It cannot be read.
        ValueError: There is none, or it is damaged.
    """
    from ..zoo import shelf

    try:
        found = shelf.find(find.algorithm_name(agent), id, env_kwargs or None)
    except shelf.NotInZooError:
        if not env_kwargs:
            raise
        found = shelf.find(find.algorithm_name(agent), id)
    return str(found.checkpoint())
