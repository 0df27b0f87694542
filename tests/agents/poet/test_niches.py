"""POET's logic, exactly, on tasks of one number: an agent at x scores 300 exp(-(x - h)^2) in h."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.poet.niches import Niche, Rules
from agents.poet.novelty import Known, RankDistance, mean_distance, ranks
from agents.poet.reproduction import reproduce
from agents.poet.transfers import TakeTheBest, TuneThePromising, best_of

RULES = Rules(
    reproduce_at=200, lowest=50, highest=290, children=3, admitted=1, neighbours=2, capacity=3
)


class Line:
    """Agents and tasks on a line; a step moves an agent a tenth of its way to the task."""

    step = 0.1  # share of the way to the task

    def __init__(self, mutations=()):
        self.mutations = list(mutations)
        self.measured = self.stepped = 0

    def score(self, centers, tasks):
        self.measured += len(tasks)
        return np.array(
            [
                300 * math.exp(-((float(x) - task["h"]) ** 2))
                for x, task in zip(centers, tasks, strict=True)
            ]
        )

    def improve(self, states, tasks):
        self.stepped += len(states)
        return [
            {"center": one["center"] + self.step * (task["h"] - one["center"])}
            for one, task in zip(states, tasks, strict=True)
        ]

    def begin(self, center):
        return {"center": center}

    def mutate(self, task, rng):
        return {"h": task["h"] + self.mutations.pop(0)}

    def features(self, task):
        return np.array([task["h"]])


def niche(number, h, x, score=float("nan")):
    return Niche(number, {"h": h}, {"center": torch.tensor(float(x))}, score, None, 0)


def test_a_task_takes_the_best_agent_after_a_step_in_it_or_before():
    near, far = niche(0, 0.0, 1.0), niche(1, 2.0, 0.5)
    (kept, taken), events = TakeTheBest()([near, far], Line())
    # For the first: own 300 e^-1; the other's direct e^-.25, after a step e^-(.45^2): better.
    assert float(kept.state["center"]) == pytest.approx(0.45)
    assert kept.score == pytest.approx(300 * math.exp(-(0.45**2)))
    # For the second: own e^-2.25; the other's direct e^-1, after a step 1.1: e^-.81.
    assert float(taken.state["center"]) == pytest.approx(1.1)
    assert [(one.niche, one.other, one.tuned) for one in events] == [(0, 1, True), (1, 0, True)]


def test_nothing_that_is_not_better_is_taken():
    good, bad = niche(0, 0.0, 0.0), niche(1, 0.0, 3.0)
    (kept, taken), events = TakeTheBest()([good, bad], Line())
    assert float(kept.state["center"]) == 0.0 and kept.score == 300
    assert float(taken.state["center"]) == 0.0  # as it is: a step from the optimum changes nothing
    assert [(one.niche, one.other, one.tuned) for one in events] == [(1, 0, False)]
    alone, events = TakeTheBest()([good], Line())
    assert events == [] and alone[0].score == 300
    assert best_of([], {"h": 0.0}, Line())[2] is None


def test_novelty_is_the_mean_distance_to_the_nearest():
    archive = [np.array([0.0]), np.array([1.0]), np.array([5.0])]
    assert mean_distance(np.array([2.0]), archive, 2) == 1.5
    assert mean_distance(np.array([2.0]), archive, 9) == 2.0
    assert mean_distance(np.array([2.0]), [], 2) == float("inf")


def reproduced(niches, mutations, rules=RULES, archive=None, **more):
    archive = [one.task for one in niches] if archive is None else archive
    rng = np.random.default_rng(0)
    return reproduce(niches, archive, Line(mutations), rules, 7, len(archive), rng, **more)


def test_the_most_novel_child_within_the_criterion_is_admitted():
    # .1 is too easy (297), .5 and .9 are fine (234, 133), and .9 is farther from the archive.
    after, events = reproduced([niche(0, 0.0, 0.0, 300.0)], [0.1, 0.5, 0.9])
    assert [one.task["h"] for one in after] == [0.0, 0.9]
    assert (after[1].parent, after[1].born, after[1].number) == (0, 7, 1)
    # its agent is the parent's after a step in it: .09 on the way to .9
    assert float(after[1].state["center"]) == pytest.approx(0.09)
    assert after[1].score == pytest.approx(300 * math.exp(-(0.81**2)))
    (event,) = events
    assert (event.kind, event.niche, event.other, event.tuned) == ("admission", 1, 0, True)


def test_a_child_that_an_agent_finds_easy_or_all_find_hopeless_is_not_admitted():
    assert len(reproduced([niche(0, 0.0, 0.0, 300.0)], [0.1, 3.0, 0.0])[0]) == 1
    # the parent's agent meets the criterion, but another agent solves the child
    solver = niche(1, 9.0, 0.9, 10.0)
    after, events = reproduced([niche(0, 0.0, 0.0, 300.0), solver], [0.9, 0.9, 0.9])
    assert len(after) == 2 and events == []


def test_only_solved_tasks_have_children():
    after, events = reproduced([niche(0, 0.0, 0.7, 199.0)], [])
    assert len(after) == 1 and events == []


def test_children_that_were_there_before_are_not_tried():
    archive = [{"h": 0.0}, {"h": 0.9}]
    after, _ = reproduced([niche(0, 0.0, 0.0, 300.0)], [0.9, 0.5, 0.5], archive=archive)
    assert [one.task["h"] for one in after] == [0.0, 0.5]


def test_the_oldest_leave():
    niches = [niche(i, 0.0 + i / 100, 0.0, 300.0) for i in range(3)]
    after, events = reproduced(niches, [0.9, 0.9, 0.9])
    assert [one.number for one in after] == [1, 2, 3]
    assert [(one.kind, one.niche) for one in events] == [("admission", 3), ("removal", 0)]


# ---- Enhanced POET -------------------------------------------------------------------------------


def remembering(niche, *scores):
    return replace(niche, recent=scores)


def test_steps_are_taken_only_where_an_agent_is_better_as_it_is():
    near, far = niche(0, 0.0, 1.0), niche(1, 2.0, 0.5)
    line = Line()
    # The other's agents have e^-.25 (234) in the first task and e^-1 (110) in the second.
    pairs = [remembering(near, 200.0, 110.0), remembering(far, 120.0, 31.0)]
    (taken, kept), events = TuneThePromising()(pairs, line)
    assert (line.measured, line.stepped) == (2 + 1, 1)  # TakeTheBest: 2 + 4 and 2
    assert float(taken.state["center"]) == pytest.approx(0.45)
    assert taken.score == pytest.approx(300 * math.exp(-(0.45**2)))
    assert kept is pairs[1]
    assert [(one.kind, one.niche, one.other, one.tuned) for one in events] == [
        ("transfer", 0, 1, True)
    ]


def test_what_is_no_longer_better_after_its_step_is_not_taken():
    line = Line()
    line.step = -1.0  # away from the task: .5 becomes 1, e^-1
    pairs = [remembering(niche(0, 0.0, 1.0), 200.0), remembering(niche(1, 9.0, 0.5), 1.0)]
    assert TuneThePromising()(pairs, line) == (pairs, []) and line.stepped == 1
    alone = pairs[:1]
    assert TuneThePromising()(alone, line) == (alone, [])


def test_the_best_of_several_is_taken():
    pairs = [remembering(niche(i, 0.0, x), 300 * math.exp(-x * x)) for i, x in enumerate((2, 1, 3))]
    after, events = TuneThePromising()(pairs, Line())
    assert [float(one.state["center"]) for one in after] == pytest.approx([0.9, 1.0, 0.9])
    assert [(one.niche, one.other) for one in events] == [(0, 1), (2, 1)]


def test_five_scores_are_remembered():
    rule, pairs = TuneThePromising(), [niche(0, 0.0, 1.0)]
    for _ in range(7):
        pairs = rule.after_step(pairs, Line())
    assert pairs[0].recent == pytest.approx([300 * math.exp(-1)] * 5)
    assert pairs[0].score == pairs[0].recent[-1]


def test_ranks_are_centred_and_cut():
    scores = np.array([[0.0, 300.0, 110.0], [500.0, 295.0, np.nan], [10.0, 20.0, 30.0]])
    wanted = [[-0.5, 0.5, 0.0], [0.25, 0.25, -0.5], [0, 0, 0]]
    np.testing.assert_allclose(ranks(scores, 50, 290), wanted)
    assert ranks(np.array([[100.0]]), 50, 290).tolist() == [[-0.5]]


def test_novelty_of_ranks_by_hand():
    """Agents at 5 (retired), 0 and 1; see the ranks of each task."""
    niches, retired = [niche(1, 0.0, 0.0), niche(2, 1.0, 1.0)], [niche(0, 5.0, 5.0)]
    # task 5: (.5, -.25, -.25); 0: (-.5, .5, 0); 1: (-.5, 0, .5)
    known = Known(niches, [], retired)
    children = [{"h": 0.4}, {"h": 3.0}]  # (-.5, .5, 0), as task 0; and all equal: (0, 0, 0)
    got = RankDistance()(children, known, Line(), RULES)
    near, far = math.sqrt(0.5), math.sqrt(0.25 + 2 / 16)
    assert got == pytest.approx([(0 + near) / 2, (far + near) / 2])


def test_a_task_is_novel_if_retired_agents_leave_it_open():
    parent = niche(5, 0.0, 0.0, 300.0)
    for retired, novel in (
        ([], True),
        ([niche(0, 9.0, 1.5)], True),  # e^-.36: 209 in .9
        ([niche(0, 9.0, 1.5), niche(1, 9.0, 0.9)], False),  # trivial for one of them
        ([niche(0, 9.0, 9.0)], False),  # hopeless
    ):
        _, (event, *_) = reproduced([parent], [0.9, 0.9, 0.9], retired=retired)
        assert (event.kind, event.novel) == ("admission", novel)
    _, (event, *_) = reproduced([parent], [0.9, 0.9, 0.9])
    assert event.novel is None
