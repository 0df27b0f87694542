"""What Meta-World's rewards are made of: by hand, and against metaworld where it is installed."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from meta_envs.manipulation import rewards
from meta_envs.manipulation.rotations import quaternions

SIGMOIDS = (
    "gaussian",
    "hyperbolic",
    "long_tail",
    "reciprocal",
    "cosine",
    "linear",
    "quadratic",
    "tanh_squared",
)


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_a_tolerance_is_1_inside_and_its_value_one_margin_outside(sigmoid: str) -> None:
    values = np.array([0.0, 0.1, 0.3, -0.2, 0.6])
    found = rewards.tolerance(values, (0.0, 0.1), np.full(5, 0.2), sigmoid, 0.25)
    np.testing.assert_allclose(found[:4], [1, 1, 0.25, 0.25], rtol=0, atol=1e-12)
    assert found[4] < 0.25


def test_a_tolerance_without_margin_is_sharp() -> None:
    values, margin = np.array([0.0, 0.2, 0.2, 0.0]), np.array([0.0, 0.0, 0.1, 0.1])
    np.testing.assert_allclose(
        rewards.tolerance(values, (0.0, 0.1), margin, "long_tail"), [1, 0, 0.1, 1], atol=1e-12
    )
    assert np.array_equal(rewards.tolerance(values, (0.0, 0.1), 0.0), [1, 0, 0, 1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bounds": (1.0, 0.0)}, "must not fall"),
        ({"margin": np.array([0.1, -0.1])}, "must not be negative"),
        ({"margin": -0.1}, "must not be negative"),
        ({"sigmoid": "longtail"}, "did you mean 'long_tail'"),
        ({"sigmoid": "gaussian", "value_at_margin": 0.0}, "must be below 1"),
        ({"sigmoid": "linear", "value_at_margin": 1.0}, "must be below 1"),
    ],
)
def test_what_is_no_tolerance_is_refused(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rewards.tolerance(np.zeros(2), **{"margin": 0.1, **given})


def test_hamacher_product_by_hand() -> None:
    one, other = np.array([0.5, 1.0, 0.0, 0.0]), np.array([0.5, 0.3, 0.7, 0.0])
    found = rewards.hamacher_product(one, other)
    np.testing.assert_allclose(found, [1 / 3, 0.3, 0, 0], rtol=0, atol=1e-15)


def test_single_precision_is_numpys() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(500), rng.random(500).astype(np.float32)
    single = rng.random(500) < 0.5
    found = rewards.hamacher_product(one, other.astype(np.float64), rewards.rounding(single))
    few = one.astype(np.float32)
    expected = np.where(
        single,
        few * other / (few + other - few * other),
        one * other / (one + other - one * other),
    )
    assert np.array_equal(found[single], expected[single])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_the_grippers_effort() -> None:
    actions = np.zeros((4, 4), np.float32)
    actions[:, 3] = [-0.5, 0.3, 0.6, 1.0]
    effort, single = rewards.gripper_effort(actions, 0.6)
    np.testing.assert_allclose(effort, [0, 0.5, 1, 1], rtol=0, atol=1e-7)
    assert single[1] and not single[0] and not single[3]
    assert not rewards.gripper_effort(actions.astype(np.float64), 0.6)[1].any()


def test_rect_prism_tolerance_by_hand() -> None:
    zero, one = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 2.0])
    points = np.array([[0.5, 0.5, 1.0], [0.5, 0.5, 2.1], [1.0, 0.0, 2.0], [0.0, 0.5, 1.0]])
    found = rewards.rect_prism_tolerance(points, zero, one)
    np.testing.assert_allclose(found, [0.125, 1, 1, 0], rtol=0, atol=1e-15)


def test_quaternions_are_scipys() -> None:
    turns = Rotation.from_quat(np.random.default_rng(3).normal(size=(2000, 4)))
    special = Rotation.from_euler("xyz", np.pi / 2 * np.indices((4, 4, 4)).reshape(3, -1).T)
    matrices = np.concatenate([turns.as_matrix(), special.as_matrix()])
    expected = Rotation.from_matrix(matrices).as_quat()
    found = quaternions(matrices.reshape(-1, 9))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert quaternions(matrices[7:8]).tobytes() == found[7:8].tobytes()


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_tolerances_are_metaworlds(sigmoid) -> None:
    upstream = pytest.importorskip("metaworld.utils.reward_utils")
    rng = np.random.default_rng(1)
    values, margins = rng.uniform(-1, 1, 400), rng.uniform(0.05, 0.5, 400)
    margins[::5] = 0
    found = rewards.tolerance(values, (-0.1, 0.2), margins, sigmoid)
    expected = [
        upstream.tolerance(float(value), (-0.1, 0.2), margin, sigmoid)
        for value, margin in zip(values, margins, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
