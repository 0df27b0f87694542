"""CPPNTerrain: what genomes draw, how they mutate, and which are refused."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("mujoco")

from meta_envs.terrain import cppn  # noqa: E402
from meta_envs.terrain.profile import NODES, SPACING, STEP  # noqa: E402

RNG = np.random.default_rng
AT = np.linspace(-3, 3, 7)
ID = "meta/CPPNTerrain-v0"


def network(links=(), **kinds):
    """A genome with weighted links (start, node, weight), and nodes n2, n3, ... of some kinds."""
    genome = cppn.flat()
    genome["links"][:] = 0
    for name, kind in kinds.items():
        genome["kinds"][int(name[1:]) - 1] = cppn.KINDS.index(kind)
    for start, node, weight in links:
        genome["links"][start, node - 1], genome["weights"][start, node - 1] = 1, weight
    return genome


def test_a_network_says_what_it_says_by_hand():
    genome = network([(0, 3, 0.5), (3, 2, 2.0), (2, 1, 3.0), (0, 1, -1.0)], n2="tanh", n3="sin")
    genome["biases"][:3] = 0.1, 0.2, 0.3
    genome["response"] = 2.0
    by_hand = 0.1 + 2 * (3 * np.tanh(2.5 * (0.2 + 2 * np.sin(5 * (0.3 + 0.5 * AT)))) - AT)
    np.testing.assert_allclose(cppn.heights(genome, AT), by_hand)
    square = network([(0, 2, 2.0), (2, 1, 1.0)], n2="square")
    np.testing.assert_allclose(cppn.heights(square, AT), 4 * AT**2)
    sigmoid = network([(0, 1, 1.0)], n1="sigmoid")
    np.testing.assert_allclose(cppn.heights(sigmoid, AT), 1 / (1 + np.exp(-5 * AT)))
    sigmoid["links"][0, 0] = 2  # a link that a node was put into carries nothing
    np.testing.assert_allclose(cppn.heights(sigmoid, AT), 0.5)
    chain = [(node - 1 if node > 2 else 0, node, 10.0) for node in range(2, 12)]
    tower = network([*chain, (11, 1, 1.0)], **{f"n{node}": "square" for node in range(2, 12)})
    assert np.isfinite(cppn.heights(tower, AT)).all()


def test_mutations_are_those_of_the_release():
    parent = network([(0, 1, 1.0)])
    grown = changed = 0
    for seed in range(300):
        child = cppn.mutate(parent, RNG(seed))
        if cppn.size(child):
            grown += 1
            (new,) = np.flatnonzero(child["kinds"][1:]) + 2
            assert child["links"][0, 0] == 2
            assert child["links"][0, new - 1] == child["links"][new, 0] == 1
            for at in ((0, new - 1), (new, 0)):  # both begin as 1: what is fed, and the link's own
                assert abs(child["weights"][at] - 1) < 0.5
        else:
            changed += child["weights"][0, 0] != 1
        assert child["links"].sum() == (4 if cppn.size(child) else 1)
        cppn.check(child)
    assert 0.05 < grown / 300 < 0.15
    assert 0.68 < changed / (300 - grown) < 0.82
    whole = network([(0, 2, 1.0), (2, 1, 1.0), (0, 1, 0.5)], n2="tanh")
    shrunk = [cppn.size(cppn.mutate(whole, RNG(seed))) == 0 for seed in range(300)]
    assert 0.03 < np.mean(shrunk) < 0.13
    for seed in range(300):
        assert cppn.size(cppn.mutate(_full(), RNG(seed))) <= 10


def _full():
    links = [part for node in range(2, 12) for part in ((0, node, 0.1), (node, 1, 0.1))]
    return network(links, **{f"n{node}": "sin" for node in range(2, 12)})


def test_mutations_rescale_what_is_too_flat_or_too_high():
    seen = (np.arange(200) - 100) / 100
    for weight, low, high in ((0.01, 0.25, 0.75), (9.9, 12.0, 16.0)):
        for seed in range(20):
            child = cppn.mutate(network([(0, 1, weight)]), RNG(seed))
            if cppn.size(child):
                continue  # then the output's scale is not that of heights
            heights = cppn.heights(child, seen)
            highest = (heights - heights[0]).max()
            assert low <= highest <= high
            assert child["response"] != 1 or weight < 1  # some steps alone lead above .25


def test_the_ground_is_level_and_then_what_the_network_says():
    venv = gym.make_vec(ID, num_envs=2, split="all")
    slope = network([(0, 1, 2.0)])
    venv.reset(seed=0, options={"task": slope})
    ground = venv.unwrapped.ground[0]
    x = np.arange(NODES) * SPACING
    assert not ground[: 22 * 2 + 1].any()
    rising = 2.0 * np.pi / (100 * STEP)  # per metre: pi to either side of the middle
    np.testing.assert_allclose(ground[44:], rising * (x[44:] - 22 * STEP), atol=1e-9)
    thumbnail = venv.unwrapped.thumbnail(slope)
    assert thumbnail.shape == (40, 120, 3)
    assert (thumbnail != venv.unwrapped.thumbnail(cppn.flat())).any()
    assert venv.unwrapped.novelty_features(slope).shape == (21,)
    assert venv.unwrapped.lines(slope)[1] == ("hidden nodes", "none")


def test_splits_are_of_the_same_kind_but_ood_is_steep():
    ends = {}
    for split in ("train", "test", "ood"):
        family = gym.make_vec(ID, num_envs=1, split=split).unwrapped
        tasks = family.sample_tasks(4, seed=1)
        every = [{key: part[i] for key, part in tasks.items()} for i in range(4)]
        steep = [np.abs(np.diff(family.heights(one))).max() / SPACING for one in every]
        assert all(one > 0.5 if split == "ood" else one <= 0.5 for one in steep)
        ends[split] = [float(family.heights(one)[-1]) for one in every]
        child = family.distribution.mutate_task(every[0], RNG(0))
        assert family.distribution.in_split(child)
    cells = {
        split: {int((end + 95) / 190 * 4000) % 2 for end in ends[split]}
        for split in ("train", "test")
    }
    assert cells == {"train": {0}, "test": {1}}


@pytest.mark.parametrize(
    ("links", "kinds", "words"),
    [
        ([(0, 1, 1), (2, 3, 1), (3, 2, 1)], {"n2": "sin", "n3": "sin"}, "cycle 2 -> 3 -> 2"),
        ([(2, 2, 1)], {"n2": "sin"}, "cycle 2 -> 2"),
        ([(1, 2, 1), (2, 1, 1)], {"n2": "sin"}, "cycle 1 -> 2 -> 1"),
        ([(4, 1, 1)], {}, r"node 4 is not there .*'kinds'\]\[3\] is 0"),
        ([(0, 1, 1)], {"n1": "none"}, "the output must be there"),
        ([(0, 1, 11)], {}, "weights"),
    ],
)
def test_bad_genomes(links, kinds, words):
    venv = gym.make_vec(ID, num_envs=1)
    with pytest.raises(ValueError, match=words):
        venv.reset(options={"task": network(links, **kinds)})
