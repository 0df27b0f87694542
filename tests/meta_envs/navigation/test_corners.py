"""ProMP's points: rewards, walls and momentum, by hand."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_IDS = ("meta/PointCorner-v0", "meta/PointWalls-v0", "meta/PointMomentum-v0")


def placed(id, position, task, **kwargs) -> Any:
    """Return an environment whose point has been put somewhere, in a given task."""
    env: Any = gym.make(id, **kwargs)
    env.reset(seed=0, options={"task": task})
    env.unwrapped.state["position"][0] = position
    return env


@pytest.mark.parametrize("id", _IDS)
def test_starts_are_uniform_around_the_origin(id):
    env: Any = gym.make_vec(id, num_envs=2000)
    starts, _ = env.reset(seed=0)
    for number, most in enumerate((0.2, 0.2, 0.1, 0.1)[: starts.shape[1]]):
        column = starts[:, number]
        assert np.abs(column).max() <= most
        assert np.abs(column.mean()) < 4.5 * most / np.sqrt(3 * 2000)
        assert column.std() == pytest.approx(most / np.sqrt(3), rel=0.06)


@pytest.mark.parametrize("id", _IDS)
def test_corners_are_drawn_equally_often(id):
    env: Any = gym.make_vec(id, num_envs=1, split="all")
    drawn = env.sample_tasks(2000, seed=0)["corner"]
    assert (np.abs(np.bincount(drawn) - 500) < 4.5 * np.sqrt(375)).all()


@pytest.mark.parametrize(
    ("corner", "goal"), [(0, [-2, -2]), (1, [2, -2]), (2, [-2, 2]), (3, [2, 2])]
)
def test_a_corner_pays_for_being_approached_in_its_quadrant_only(corner, goal):
    far = 0.5 * np.array(goal, float)
    for quadrant in ([1, 1], [-1, 1], [1, -1], [-1, -1]):
        env = placed("meta/PointCorner-v0", far * quadrant, {"corner": corner})
        action = np.sign(goal).astype(np.float32)
        _, reward, terminated, _, info = env.step(action)
        before = np.linalg.norm(far * quadrant - goal)
        after = np.linalg.norm(far * quadrant + 0.2 * action - goal)
        assert reward == pytest.approx(before - after if quadrant == [1, 1] else 0.0, abs=1e-6)
        assert info["dense_reward"] == pytest.approx(-after)
        assert info["dense_squared_reward"] == pytest.approx(-(after**2))
        assert info["distance"] == pytest.approx(after)
        assert not terminated
    assert before - after != 0


def test_going_away_from_the_goal_costs():
    env = placed("meta/PointCorner-v0", [1.0, 1.0], {"corner": 3})
    assert env.step(np.array([-1, -1]))[1] == pytest.approx(-0.2 * np.sqrt(2))


@pytest.mark.parametrize(("x", "paid", "corner"), [(0.24, False, -1), (0.26, True, 3)])
def test_near_the_origin_nothing_is_paid(x, paid, corner):
    env = placed("meta/PointCorner-v0", [x, x - 0.2], {"corner": 3})
    _, reward, *_, info = env.step(np.array([0, 1]))
    assert (reward > 0) is paid
    assert info["corner"] == corner


def test_within_a_radius_a_way_pays_by_its_ends_only():
    env = placed("meta/PointCorner-v0", [1.0, 1.0], {"corner": 3}, reward_radius=1.0)
    assert env.step(np.ones(2))[1] == 0  # still 0.8 * sqrt(2) away
    came = env.step(np.ones(2))[1]
    assert came == pytest.approx(1 - 0.6 * np.sqrt(2))
    assert env.step(-np.ones(2))[1] == pytest.approx(-came)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, "near"])
def test_a_radius_must_be_positive(radius):
    with pytest.raises(ValueError, match="reward_radius=.* must be a number above 0"):
        gym.make("meta/PointCorner-v0", reward_radius=radius)


def test_the_bound_of_actions_is_a_unit_only():
    plain: Any = gym.make_vec("meta/PointCorner-v0", num_envs=8)
    scaled: Any = gym.make_vec("meta/PointCorner-v0", num_envs=8, action_bound=10)
    assert scaled.single_action_space.high.tolist() == [10.0, 10.0]
    rng = np.random.default_rng(0)
    for env in (plain, scaled):
        env.reset(seed=0)
    for _ in range(100):
        actions = rng.uniform(-1.5, 1.5, (8, 2)).astype(np.float32)
        seen, rewards, *_ = plain.step(actions)
        ours, paid, *_ = scaled.step(10.0 * actions)
        np.testing.assert_allclose(ours, seen, atol=1e-5)
        np.testing.assert_allclose(paid, rewards, atol=1e-5)


@pytest.mark.parametrize("bound", [0.0, -10.0, np.inf, np.nan, "release"])
def test_the_bound_of_actions_must_be_positive(bound):
    with pytest.raises(ValueError, match="action_bound=.* must be a number above 0"):
        gym.make("meta/PointCorner-v0", action_bound=bound)


def test_the_expert_knows_the_bound_of_actions():
    env: Any = gym.make("meta/PointCorner-v0", action_bound=10)
    seen, _ = env.reset(seed=0, options={"task": {"corner": 3}})
    for _ in range(100):
        seen, *_, info = env.step(env.unwrapped.expert(seen, {"corner": 3}))
    assert info["distance"] < 1e-3


def test_info_names_the_nearest_corner():
    for corner, (x, y) in enumerate([(-1, -1), (1, -1), (-1, 1), (1, 1)]):
        env = placed("meta/PointCorner-v0", [x, y], {"corner": 0})
        assert env.step(np.zeros(2))[4]["corner"] == corner


def test_walking_into_the_corner_earns_the_way_from_where_pay_begins():
    env = placed("meta/PointCorner-v0", [0.0, 0.0], {"corner": 3})
    rewards = [env.step(np.ones(2))[1] for _ in range(10)]
    # The first step ends at (0.2, 0.2), too near; nine of 0.2 along each axis are paid.
    assert rewards[0] == 0
    assert sum(rewards) == pytest.approx(1.8 * np.sqrt(2), abs=1e-6)


@pytest.mark.parametrize("kind", ["sparse", "dense", "dense_squared"])
@pytest.mark.parametrize("id", _IDS)
def test_the_reward_is_the_kind_asked_for(id, kind):
    env = placed(id, [0.9, 1.2], {**gym.make(id).unwrapped.sample_task(), "corner": 3}, reward=kind)
    _, reward, *_, info = env.step(np.array([0.5, 1.0]))
    assert reward == info[f"{kind}_reward"] != 0


@pytest.mark.parametrize("id", _IDS)
def test_other_kinds_of_reward_are_refused(id):
    with pytest.raises(ValueError, match="reward='spars' is unknown; allowed"):
        gym.make(id, reward="spars")


@pytest.mark.parametrize(("radius", "ring"), [(1.0, 0), (2.0, 1)])
def test_walls_stop_what_goes_out_elsewhere_than_at_the_gap(radius, ring):
    for angle, passes in ((0.0, True), (0.4, True), (np.pi, False), (2.0, False)):
        # Both gaps are where the point is not, but the ring's own.
        gaps = [np.pi, np.pi]
        gaps[ring] = angle
        env = placed("meta/PointWalls-v0", [radius - 0.1, 0.0], {"corner": 3, "gaps": gaps})
        position, reward, *_ = env.step(np.array([1, 0]))
        expected = radius + 0.1 if passes else radius
        assert position == pytest.approx([expected, 0.0], abs=2e-6), angle
        assert reward == pytest.approx(-np.hypot(2 - expected, 2), abs=2e-6)
        if not passes:
            assert env.unwrapped.state["position"][0, 0] < radius


def test_the_opening_reaches_one_from_the_gap():
    for distance, passes in ((0.99, True), (1.01, False)):
        gap = np.array([np.sqrt(4 - 0.01), 0.1])  # any place; the point ends at a distance of it
        angle = np.arctan2(gap[1], gap[0])
        turn = 2 * np.arcsin(distance / 2 / 2)  # the chord of the ring of radius 2
        end = 2.0001 * np.array([np.cos(angle + turn), np.sin(angle + turn)])
        start = end * 1.95 / 2.0001
        task = {"corner": 3, "gaps": [angle, angle]}
        env = placed("meta/PointWalls-v0", start, task)
        position, *_ = env.step((end - start) / 0.2)
        assert bool(np.linalg.norm(position.astype(float)) > 2.00005) is passes


def test_walls_do_not_stop_steps_inwards():
    env = placed("meta/PointWalls-v0", [1.05, 0.0], {"corner": 3, "gaps": [np.pi, np.pi]})
    assert env.step(np.array([-1, 0]))[0] == pytest.approx([0.85, 0.0])


def test_the_sparse_reward_behind_walls_is_progress_near_the_goal():
    task = {"corner": 3, "gaps": [np.pi / 2, 0.0]}
    env = placed("meta/PointWalls-v0", [0.3, 0.9], task, reward="sparse")
    before = np.hypot(1.7, 1.1)
    after = np.hypot(1.5, 1.1)
    assert before > 2 > after
    assert env.step(np.array([1, 0]))[1] == pytest.approx(before - after)  # through the gap
    env.unwrapped.state["position"][0] = [-1.0, -1.0]
    assert env.step(np.array([1, 1]))[1] == 0


def test_momentum_adds_up():
    env = placed("meta/PointMomentum-v0", [0.0, 0.0], {"corner": 3})
    env.unwrapped.state["velocity"][0] = [0.05, -0.05]
    seen = [env.step(np.array([1.0, 0.5])) for _ in range(2)]
    assert seen[0][0] == pytest.approx([0.15, 0.0, 0.15, 0.0], abs=1e-7)
    assert seen[1][0] == pytest.approx([0.40, 0.05, 0.25, 0.05], abs=1e-7)
    assert seen[1][1] == 0  # farther than 2
    env.unwrapped.state["position"][0] = [1.4, 1.2]
    env.unwrapped.state["velocity"][0] = 0.0
    assert env.step(np.zeros(2))[1] == pytest.approx(2 - 1)


@pytest.mark.parametrize("id", [_IDS[0], _IDS[2]])
def test_the_expert_reaches_the_corner_and_stays(id):
    for corner in range(4):
        env: Any = gym.make(id)
        observation, info = env.reset(seed=corner, options={"task": {"corner": corner}})
        for _ in range(60):
            action = env.unwrapped.expert(observation, info["task"])
            observation, *_, last = env.step(action)
        assert last["distance"] < 0.01
        assert np.abs(observation[2:]).max(initial=0.0) < 0.01
