"""Genomes of compositional pattern producing networks, which draw grounds. X places.

A genome has a fixed size: node 0 is the input (the place along the ground), node 1 the output (its
height), and up to ten are hidden. `kinds[j - 1]` is what node j computes (0: there is no such
node), `biases[j - 1]` its bias, `links[i, j - 1]` whether node i feeds node j (0: not, 1: yes, 2:
it did, until a node was put between), `weights[i, j - 1]` how strongly. `response` scales what the
output is fed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

Genome = Mapping[str, Any]

NODES = 12  # the input and the output included
KINDS = ("none", "identity", "sin", "sigmoid", "square", "tanh")
_OUTPUT = 1
_LARGEST = 10.0  # of weights and biases
_LARGEST_RESPONSE = 1000.0
_HUGE = 1e6  # what nodes are fed is cut here, so that squares of squares stay finite
# NEAT's configuration in the release.
_ADD_NODE, _DELETE_NODE = 0.1, 0.075
_CHANGE, _POWER = 0.75, 0.1  # probability and deviation of a change, of weights and biases alike
_FIRST_WEIGHT, _FIRST_BIAS = 0.25, 0.1  # deviations
_SEEN_AT = (np.arange(200) - 100) / 100  # where a mutation looks at heights
_LOW, _HIGH = 0.25, 16.0  # metres; lower and higher ones are rescaled
_TRIES = 1000

_ACTIVATIONS = (
    lambda z: z,
    lambda z: np.sin(np.clip(5 * z, -60, 60)),
    lambda z: 1 / (1 + np.exp(-np.clip(5 * z, -60, 60))),
    lambda z: z * z,
    lambda z: np.tanh(np.clip(2.5 * z, -60, 60)),
)  # as in neat-python


def task_space() -> spaces.Dict:
    """Return the space of genomes."""
    pairs = (NODES, NODES - 1)
    return spaces.Dict(
        {
            "kinds": spaces.MultiDiscrete(np.full(NODES - 1, len(KINDS))),
            "biases": spaces.Box(-_LARGEST, _LARGEST, (NODES - 1,), np.float64),
            "links": spaces.MultiDiscrete(np.full(pairs, 3)),
            "weights": spaces.Box(-_LARGEST, _LARGEST, pairs, np.float64),
            "response": spaces.Box(0.0, _LARGEST_RESPONSE, (), np.float64),
        }
    )


def flat() -> dict[str, Any]:
    """Return the genome of flat ground: the output is linked to the input, with weight 0."""
    genome: dict[str, Any] = {
        "kinds": np.zeros(NODES - 1, dtype=np.int64),
        "biases": np.zeros(NODES - 1),
        "links": np.zeros((NODES, NODES - 1), dtype=np.int64),
        "weights": np.zeros((NODES, NODES - 1)),
        "response": 1.0,
    }
    genome["kinds"][_OUTPUT - 1] = KINDS.index("identity")
    genome["links"][0, _OUTPUT - 1] = 1
    return genome


def first(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a genome with which NEAT begins: a slope, here an uphill one, which may mutate."""
    genome = flat()
    genome["weights"][0, _OUTPUT - 1] = abs(rng.normal(0, _FIRST_WEIGHT))
    genome["biases"][_OUTPUT - 1] = rng.normal(0, _FIRST_BIAS)
    return genome


def check(genome: Genome) -> None:
    """Refuse what is no feed-forward network.

    Raises:
        ValueError: If the output is missing, a link has no node at an end, or links form a cycle.
    """
    kinds, links = np.asarray(genome["kinds"]), np.asarray(genome["links"])
    if kinds[_OUTPUT - 1] == 0:
        raise ValueError(
            "task['kinds'][0] is 0: the output must be there; give it a kind from 1 to "
            f"{len(KINDS) - 1}: {', '.join(KINDS[1:])}"
        )
    there = np.concatenate([[True], kinds > 0])
    for start, to in np.argwhere(links > 0).tolist():
        if not (there[start] and there[to + 1]):
            gone = start if not there[start] else to + 1
            raise ValueError(
                f"task['links'][{start}, {to}] is {links[start, to]}, but node {gone} is not there "
                f"(task['kinds'][{gone - 1}] is 0): add the node or remove the link"
            )
    if cycle := _cycle(links):
        path = " -> ".join(str(node) for node in cycle)
        raise ValueError(
            f"task['links'] has the cycle {path}: the network must be feed-forward; remove one of "
            "these links"
        )


def heights(genome: Genome, places: np.ndarray) -> np.ndarray:
    """Return what the output says at places, [X], cut to a million.

    Args:
        genome: A genome that `check` accepts.
        places: Inputs, [X].
    """
    links, weights = np.asarray(genome["links"]) == 1, np.asarray(genome["weights"])
    values = {0: np.asarray(places, dtype=np.float64)}
    for node in _order(links, np.asarray(genome["kinds"])):
        fed = np.zeros(len(places))
        for start in np.flatnonzero(links[:, node - 1]).tolist():
            fed += weights[start, node - 1] * values[start]
        scale = float(genome["response"]) if node == _OUTPUT else 1.0
        fed = np.clip(genome["biases"][node - 1] + scale * fed, -_HUGE, _HUGE)
        values[node] = _ACTIVATIONS[int(genome["kinds"][node - 1]) - 1](fed)
    return np.clip(values[_OUTPUT], -_HUGE, _HUGE)


def mutate(genome: Genome, rng: np.random.Generator) -> dict[str, Any]:
    """Return a genome one mutation away, which draws another ground that goes up somewhere.

    A node may be put into a link, or a hidden one deleted; then weights and biases change. Heights
    on [-1, 1) that are nowhere above .25 or somewhere above 16 metres are rescaled.

    Raises:
        RuntimeError: If no mutation of a thousand does.

    Source:
        cppn.py and config-cppn of the release, with neat-python's order of mutations. Differences:
        a genome that has ten hidden nodes gets no further one; grounds that would have to be
        scaled up more than a thousandfold count as flat; a node that is fed by none has its bias.
    """
    for _ in range(_TRIES):
        child: dict[str, Any] = {key: np.array(value) for key, value in genome.items()}
        child["response"] = 1.0
        draw = rng.random()
        if draw < _ADD_NODE:
            _add_node(child, rng)
        elif draw < _ADD_NODE + _DELETE_NODE:
            _delete_node(child, rng)
        _change(child["weights"], child["links"] > 0, rng)
        _change(child["biases"], child["kinds"] > 0, rng)
        seen = heights(child, _SEEN_AT)
        highest = float((seen - seen[0]).max())
        if highest < _LOW:
            wanted = rng.uniform(_LOW, 3 * _LOW)
            if wanted > _LARGEST_RESPONSE * highest:
                continue  # flat, or downhill only
            child["response"] = wanted / highest
        elif highest > _HIGH:
            child["response"] = rng.uniform(0.75 * _HIGH, _HIGH) / highest
        if any(not np.array_equal(child[key], genome[key]) for key in ("weights", "biases")):
            return child
    raise RuntimeError(f"{_TRIES} mutations of a genome drew no ground that goes up somewhere")


def size(genome: Genome) -> int:
    """Return how many hidden nodes there are."""
    return int((np.asarray(genome["kinds"]) > 0).sum()) - 1


def _change(numbers: np.ndarray, which: np.ndarray, rng: np.random.Generator) -> None:
    """Take normal steps of some numbers, in place."""
    moved = which & (rng.random(numbers.shape) < _CHANGE)
    stepped = numbers + _POWER * rng.standard_normal(numbers.shape)
    numbers[moved] = np.clip(stepped, -_LARGEST, _LARGEST)[moved]


def _add_node(genome: dict[str, Any], rng: np.random.Generator) -> None:
    """Put a node into a link, in place: it is fed with weight 1 and feeds with the link's."""
    free, there = np.flatnonzero(genome["kinds"] == 0), np.argwhere(genome["links"] > 0)
    if not len(free) or not len(there):
        return
    start, to = there[rng.integers(len(there))].tolist()
    new = int(free[0]) + 1
    genome["kinds"][new - 1] = rng.integers(1, len(KINDS))
    genome["biases"][new - 1] = rng.normal(0, _FIRST_BIAS)
    genome["links"][start, to] = 2
    for at, weight in (((start, new - 1), 1.0), ((new, to), genome["weights"][start, to])):
        genome["links"][at], genome["weights"][at] = 1, weight


def _delete_node(genome: dict[str, Any], rng: np.random.Generator) -> None:
    """Delete a hidden node and its links, in place."""
    hidden = np.flatnonzero(genome["kinds"] > 0)
    hidden = hidden[hidden != _OUTPUT - 1]
    if not len(hidden):
        return
    node = int(hidden[rng.integers(len(hidden))]) + 1
    genome["kinds"][node - 1], genome["biases"][node - 1] = 0, 0.0
    for part in ("links", "weights"):
        genome[part][node, :] = 0
        genome[part][:, node - 1] = 0


def _order(links: np.ndarray, kinds: np.ndarray) -> list[int]:
    """Return the nodes that are there, but the input, each after all that feed it."""
    fed_by = {
        to + 1: {start for start, link in enumerate(column) if link}
        for to, column in enumerate(links.T.tolist())
        if kinds[to] > 0
    }
    order: list[int] = []
    while fed_by:
        ready = [node for node, starts in fed_by.items() if fed_by.keys().isdisjoint(starts)]
        order += ready
        for node in ready:
            del fed_by[node]
    return order


def _cycle(links: np.ndarray) -> list[int]:
    """Return nodes of a cycle, the first one twice; none if there is no cycle."""
    feeds = {node: np.flatnonzero(links[node] > 0) + 1 for node in range(NODES)}
    safe: set[int] = set()

    def walk(path: list[int]) -> list[int]:
        for following in feeds[path[-1]].tolist():
            if following in path:
                return [*path[path.index(following) :], following]
            if following not in safe and (found := walk([*path, following])):
                return found
        safe.add(path[-1])
        return []

    for node in range(NODES):
        if node not in safe and (found := walk([node])):
            return found
    return []
