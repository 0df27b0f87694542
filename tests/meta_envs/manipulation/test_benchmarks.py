"""Names, splits and goals of Meta-World's benchmarks: without metaworld, and against it."""

from __future__ import annotations

import numpy as np
import pytest

from meta_envs.manipulation import benchmarks


def test_sizes_are_the_published_ones():
    sizes = {
        name: [len(names) for names in splits.values()]
        for name, splits in benchmarks.SPLITS.items()
    }
    assert sizes == {"ML10": [10, 5], "ML25": [25, 5], "ML45": [45, 5]}
    assert len(benchmarks.NAMES) == 50 and sorted(benchmarks.NAMES) == list(benchmarks.NAMES)
    for splits in benchmarks.SPLITS.values():
        assert set(splits["train"]) | set(splits["test"]) <= set(benchmarks.NAMES)


@pytest.mark.parametrize("benchmark", benchmarks.BENCHMARKS)
def test_train_and_test_share_no_goal_and_only_basketball(benchmark):
    goals = benchmarks.goals(benchmark, "push-v3" if benchmark == "ML1" else None, 3)
    seen = {
        split: {(name, goal.tobytes()) for name, drawn in parts for goal in drawn}
        for split, parts in goals.items()
    }
    assert all(len(seen[split]) == 50 * len(goals[split]) for split in seen)
    assert not seen["train"] & seen["test"]
    names = [{name for name, _ in parts} for parts in goals.values()]
    shared = {"ML1": {"push-v3"}, "ML25": {"basketball-v3"}}.get(benchmark, set())
    assert names[0] & names[1] == shared


def test_every_goal_is_one_and_others_are_refused_with_the_reason():
    low, high = benchmarks.bounds()
    for name, drawn in benchmarks.goals("ML45", None, 1)["train"]:
        for goal in drawn:
            assert benchmarks.refusal(name, goal) is None
            assert (goal >= low).all() and (goal <= high).all()
    reach = np.array([0.0, 0.65, 0.02, 0.05, 0.85, 0.2])
    assert benchmarks.refusal("reach-v3", reach) is None
    assert "goal[1] in [0.6, 0.7]" in str(
        benchmarks.refusal("reach-v3", reach + [0, 0.2, 0, 0, 0, 0])
    )
    near = np.array([0.0, 0.7, 0.02, 0.0, 0.8, 0.2])
    assert "at least 0.15 m apart" in str(benchmarks.refusal("reach-v3", near))
    door = np.array([0.05, 0.9, 0.15, 0.0, 0.0, 0.1])
    assert "goals of 3 numbers" in str(benchmarks.refusal("door-open-v3", door))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ML46", None, 0), "did you mean 'ML45'"),
        (("ML1", "reech-v3", 0), "did you mean 'reach-v3'"),
        (("ML10", None, -1), "goals_seed=-1 must be an integer from 0"),
    ],
)
def test_what_there_is_not_is_answered_with_the_nearest(arguments, said):
    with pytest.raises(ValueError, match=said):
        benchmarks.goals(*arguments)


def test_goals_are_those_of_upstreams_own_benchmarks():
    metaworld = pytest.importorskip("metaworld")
    from meta_envs.manipulation import upstream

    upstream.original("reach-v3")  # repairs what an older Gymnasium stumbles over
    train, test = ("peg-insert-side-v3", "door-open-v3"), ("soccer-v3",)
    made = metaworld.CustomML(list(train), list(test), seed=7)  # as ML10 and its likes are made
    _assert_goals(benchmarks._drawn(train, 7), made.train_tasks)
    _assert_goals(benchmarks._drawn(test, 7), made.test_tasks)
    made = metaworld.ML1("reach-v3", seed=7)
    ours = benchmarks.goals("ML1", "reach-v3", 7)
    _assert_goals(ours["train"], made.train_tasks)
    _assert_goals(ours["test"], made.test_tasks)


def _assert_goals(ours, theirs):
    import pickle  # upstream keeps its goals so

    flat = [(name, goal) for name, drawn in ours for goal in drawn]
    assert len(flat) == len(theirs)
    for (name, goal), task in zip(flat, theirs, strict=True):
        drawn = pickle.loads(task.data)["rand_vec"]
        assert task.env_name == name
        assert np.array_equal(benchmarks.unpadded(name, goal), drawn)
        assert not goal[len(drawn) :].any()


def test_the_table_is_upstreams():
    pytest.importorskip("metaworld")
    from metaworld import env_dict

    from meta_envs.manipulation import upstream

    assert set(env_dict.ALL_V3_ENVIRONMENTS) == set(benchmarks.NAMES)
    for name, splits in benchmarks.SPLITS.items():
        theirs = getattr(env_dict, f"{name}_V3")
        assert {split: tuple(theirs[split]) for split in splits} == splits
    for name in ("basketball-v3", "stick-pull-v3", "window-open-v3"):
        space = upstream.environment(name)._random_reset_space
        assert tuple(space.low.tolist()) == benchmarks.REACHES[name].low
        assert tuple(space.high.tolist()) == benchmarks.REACHES[name].high
