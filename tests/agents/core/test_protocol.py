"""Meta-World's protocol: 10 episodes to adapt in, then 3 that count, by environment."""

from __future__ import annotations

import csv
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import agents
from agents import AdaptationCurve, baselines
from tests.agents import manipulators  # noqa: F401  registers toy/...
from tests.agents.core.inner_loops import Agent, Constant
from tests.agents.core.test_curve import make_curve

evaluate: Any = agents.evaluate
ARMS: dict[str, Any] = {"env_kwargs": {"all_three": True, "max_episode_steps": 12}, "seed": 1}


def first_to_finish(chance: float, slots: int, tasks: int, count: int = 3) -> np.ndarray:
    """Return the success of the first episodes to finish of each task, whose slots share it.

    So counts `metaworld.evaluation`: successes end their episodes early and are counted first.
    """
    venv: Any = gym.make_vec("toy/Chances-v0", num_envs=tasks * slots, chance=chance)
    venv.reset(seed=0)
    finished: list[list[float]] = [[] for _ in range(tasks)]
    while min(len(one) for one in finished) < count:
        _, _, terminated, _, infos = venv.step(np.zeros(tasks * slots, dtype=np.int64))
        for row in np.flatnonzero(terminated):
            finished[row // slots].append(float(infos["success"][row]))
    return np.array([one[:count] for one in finished])


@pytest.mark.parametrize(
    ("chance", "slots", "counted"), [(0.3, 1, 0.31), (0.3, 4, 0.46), (0.1, 20, 0.66)]
)
def test_counting_the_first_to_finish_favours_success_and_assigning_does_not(
    chance, slots, counted
):
    tasks = 300
    naive = first_to_finish(chance, slots, tasks).mean(axis=1)
    error = naive.std(ddof=1) / np.sqrt(tasks)
    assert abs(naive.mean() - counted) < 0.02 + 3 * error, "what the original was seen to report"
    if slots > 1:
        assert naive.mean() - chance > 5 * error
    curve = evaluate(
        Agent(Constant), "toy/Chances-v0", num_tasks=tasks, rows_per_task=slots, episodes=2,
        frozen_episodes=3, env_kwargs={"chance": chance}, num_envs=tasks * slots,
    )  # fmt: skip
    assert curve.frozen_success.shape == (tasks, 3)
    for success in (curve.success, curve.frozen_success):
        error = np.sqrt(chance * (1 - chance) / (success.size * slots))
        assert abs(success.mean() - chance) < 3.5 * error


def test_success_at_any_step_counts_by_environment_and_each_weighs_alike():
    curve = evaluate(
        baselines.Expert(), "toy/Arms-v0", num_tasks=40, episodes=2, frozen_episodes=3, **ARMS
    )
    kinds = np.array([task["environment"] for task in curve.tasks])
    assert len(set(np.bincount(kinds))) > 1, "environments have different numbers of tasks"
    np.testing.assert_array_equal(curve.success, np.tile(kinds != 2, (2, 1)).T)
    np.testing.assert_array_equal(curve.frozen_success, np.tile(kinds != 2, (3, 1)).T)
    groups = curve.by("environment")
    assert groups.labels == ("reach", "touch", "stuck")
    assert groups.num_tasks.tolist() == np.bincount(kinds).tolist()
    assert groups["touch"].tolist() == [1, 1] and groups["stuck"].tolist() == [0, 0]
    np.testing.assert_allclose(groups.mean(), [2 / 3, 2 / 3])
    assert abs(curve.mean("success")[0] - 2 / 3) > 0.005, "not the mean over tasks"
    np.testing.assert_allclose(curve.by("environment", "frozen_success").mean(), [2 / 3] * 3)


def test_only_frozen_episodes_may_be_played_without_sampling():
    arguments: dict[str, Any] = {"num_tasks": 2, "episodes": 2, "frozen_episodes": 2, **ARMS}
    for given, wanted in ((False, [False] * 2), (True, [True] * 2), ("frozen", [False, True])):
        agent = Agent()
        curve = evaluate(agent, "toy/Arms-v0", deterministic=given, **arguments)
        (loop,) = agent.loops
        said = [seen["deterministic"] for _, seen in loop.named("act")]
        assert [said[0], said[-1]] == wanted and sum(said) in (0, len(said) // 2, len(said))
        assert curve.protocol["deterministic"] == given
    for wrong in ({"deterministic": "frozn"}, {"deterministic": "frozen", "frozen_episodes": 0}):
        with pytest.raises(ValueError, match="deterministic='fro"):
            evaluate(Agent(), "toy/Arms-v0", **{**arguments, **wrong})


def test_groups_by_hand():
    curve = make_curve(tasks=5, episodes=2, task_labels={"kind": ["a", "b", "c"]})
    object.__setattr__(curve, "tasks", [{"kind": kind, "p": kind} for kind in (2, 0, 2, 0, 2)])
    groups = curve.by("kind", "returns")
    assert groups.labels == ("a", "c") and groups.num_tasks.tolist() == [2, 3]
    rows = curve.returns[[0, 2, 4]]
    np.testing.assert_allclose(groups["c"], rows.mean(axis=0))
    np.testing.assert_allclose(groups.standard_errors[1], rows.std(axis=0, ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(groups.mean(), (groups["a"] + groups["c"]) / 2)
    wanted = np.sqrt((groups.standard_errors**2).sum(axis=0)) / 2
    np.testing.assert_allclose(groups.standard_error(), wanted)
    assert curve.by("p", "returns").labels == ("0", "2"), "parts without names go by their values"
    with pytest.raises(KeyError, match="no kind is 'b'; there are"):
        groups["b"]
    with pytest.raises(ValueError, match=r"no 'kin' to group by; they have \['kind', 'p'\]"):
        curve.by("kin")
    with pytest.raises(ValueError, match="has not got its tasks"):
        make_curve(everything=False).by("kind")


def test_groups_of_several_seeds_are_over_their_curves():
    curves = [
        evaluate(baselines.Random(), "toy/Arms-v0", num_tasks=9, **{**ARMS, "seed": seed})
        for seed in (0, 1)
    ]
    merged = AdaptationCurve.merge(*curves)
    kinds = np.array([task["environment"] for curve in curves for task in curve.tasks])
    found = merged.by("environment", "returns")
    assert found.num_tasks.tolist() == np.bincount(kinds).tolist()
    both = np.concatenate([curve.returns for curve in curves])
    np.testing.assert_allclose(found["reach"], both[kinds == 0].mean(axis=0))


def test_the_table_is_printed_and_written(tmp_path):
    curve = evaluate(
        baselines.Expert(), "toy/Arms-v0", num_tasks=20, episodes=2, frozen_episodes=3, **ARMS
    )
    text = repr(curve)
    assert max(len(line) for line in text.splitlines()) <= 100
    (line,) = (line for line in text.splitlines() if line.startswith("    touch "))
    count = sum(task["environment"] == 1 for task in curve.tasks)
    assert line.split() == ["touch", str(count), "1", "1", "1"]
    assert "task_labels" not in text and "    mean of all " in text
    curve.to_csv(tmp_path / "curve.csv")
    again = AdaptationCurve.from_csv(tmp_path / "curve.csv")
    assert again.tasks == [{"environment": task["environment"]} for task in curve.tasks]
    for of in ("success", "frozen_success", "returns"):
        one, other = curve.by("environment", of), again.by("environment", of)
        assert one.labels == other.labels
        np.testing.assert_array_equal(one.means, other.means)
    groups = curve.by("environment", "frozen_success")
    groups.to_csv(tmp_path / "groups.csv")
    with (tmp_path / "groups.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 3 and rows[-1]["environment"] == "mean"
    assert [float(row["frozen_success"]) for row in rows if row["environment"] == "stuck"] == [
        0
    ] * 3


def test_metaworlds_experts_succeed_in_each_environment_of_its_test_split():
    pytest.importorskip("metaworld")
    curve = evaluate(baselines.Expert(), "meta/ML10-v0", num_tasks=5, episodes=1)
    groups = curve.by("environment")
    # the first tasks of a split are of all its environments, not goals of the first one
    wanted = {"drawer-open-v3", "door-close-v3", "shelf-place-v3", "sweep-into-v3", "lever-pull-v3"}
    assert set(groups.labels) == wanted and groups.num_tasks.tolist() == [1] * 5
    assert groups.mean()[0] >= 0.8
