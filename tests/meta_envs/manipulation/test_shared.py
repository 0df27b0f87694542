"""What rewards have in common: for rows of many environments as for those of one."""

import numpy as np
import pytest

from meta_envs.manipulation import rewards
from meta_envs.manipulation.environments.base import Cage, Environment, Way
from meta_envs.manipulation.reading import Reading
from meta_envs.manipulation.rotations import quaternions
from meta_envs.manipulation.shared import Shared

CAGE = Cage(radius=0.015, pads=0.05, across=0.005)
WAY = Way(0.05, lambda begun: np.full(len(begun["target_pos"]), 0.3), scale=(1.0, 2.0, 0.0))


def _environment(**arguments) -> Environment:
    return Environment("made-up", observe=None, evaluate=None, **arguments)


def _made_up(counts: list[int]):
    rng = np.random.default_rng(6)
    n_rows = sum(counts)
    observations = rng.uniform(0, 0.2, (n_rows, 39))
    hands = {key: rng.uniform(0, 0.2, (n_rows, 3)) for key in ("tcp", "left_pad", "right_pad")}
    begun = {key: rng.uniform(0, 0.2, (n_rows, 3)) for key in ("target_pos", "init_tcp")}
    begun["obj_init_pos"] = begun["init_tcp"] + 0.1
    ends = np.cumsum(counts)
    spans = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    return observations, hands, begun, spans


def test_rows_of_many_environments_are_measured_as_those_of_one() -> None:
    made = [
        _environment(cage=CAGE, way=WAY),
        _environment(cage=Cage(0.01, 0.06, 0.01, follows=True)),
        _environment(way=Way(0.01, WAY.margin, point="tcp")),
        _environment(),
    ]
    observations, hands, begun, spans = _made_up([2, 3, 1, 2])

    def part(environment, span):
        read, own = ({key: one[span] for key, one in each.items()} for each in (hands, begun))
        return environment, read, own

    parts = [part(*one) for one in zip(made, spans, strict=True)]
    Shared(parts, hands, observations).measure()
    for (environment, together, _), span in zip(parts, spans, strict=True):
        alone = part(environment, span)
        Shared([alone], alone[1], observations[span]).measure()
        assert alone[1].keys() == together.keys()
        for key, values in alone[1].items():
            assert values.tobytes() == together[key].tobytes(), key
    assert [set(read) - set(hands) for _, read, _ in parts] == [
        {"near", "away", "in_place", "around"},
        {"near", "around"},
        {"near", "away", "in_place"},
        {"near"},
    ]


def test_a_way_by_hand() -> None:
    observations, hands, begun, spans = _made_up([3])
    part = (_environment(way=WAY), {"tcp": hands["tcp"]}, begun)
    Shared([part], hands, observations).measure()
    apart = (observations[:, 4:7] - begun["target_pos"]) * [1, 2, 0]
    away = np.linalg.norm(apart, axis=1)
    expected = rewards.tolerance(away, (0, 0.05), 0.3, "long_tail")
    np.testing.assert_allclose(part[1]["away"], away, rtol=0, atol=1e-15)
    np.testing.assert_allclose(part[1]["in_place"], expected, rtol=0, atol=1e-15)
    near = np.linalg.norm(observations[:, 4:7] - hands["tcp"], axis=1)
    np.testing.assert_allclose(part[1]["near"], near, rtol=0, atol=1e-15)


def test_fingers_that_begin_at_the_object_are_refused() -> None:
    observations, hands, begun, _ = _made_up([2])
    begun["obj_init_pos"] = begun["init_tcp"].copy()
    with pytest.raises(ValueError, match="begin at the object"):
        Shared([(_environment(cage=CAGE), dict(hands), begun)], hands, observations)


@pytest.mark.parametrize("sigmoid", ["long_tail", "gaussian"])
def test_nearness_is_a_tolerance(sigmoid: str) -> None:
    lengths, margins = np.array([0.0, 0.1, 0.2, 0.2, 0.05]), np.array([0.1, 0.2, 0.2, 0.0, 0.0])
    found = rewards.nearness(lengths, 0.1, rewards.positive(margins), sigmoid)
    expected = rewards.tolerance(lengths, (0, 0.1), margins, sigmoid)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_matrices_are_read_and_turned_at_once() -> None:
    rng = np.random.default_rng(8)
    turned = [np.linalg.qr(rng.normal(size=(3, 3)))[0].ravel() for _ in range(3)]
    places = [rng.random(3) for _ in range(2)]
    one, other = {}, {}
    reading = Reading()
    reading.want(one, "peg_matrix", turned[:2])
    reading.want(one, "peg", places)
    reading.want(other, "door_matrix", turned[2:])
    reading.lay_out()
    np.concatenate(reading.views, out=reading.flat)
    reading.turn()
    assert np.array_equal(one["peg"], places)
    assert np.array_equal(one["peg_matrix"], turned[:2])
    assert np.array_equal(one["peg_quat"], quaternions(np.array(turned[:2])))
    assert np.array_equal(other["door_quat"], quaternions(np.array(turned[2:])))
