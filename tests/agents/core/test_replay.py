"""Experience by task: what is kept, what is recent, whole trials, memory, states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.core.play.replay import TaskReplay

RNG = np.random.default_rng


def made(capacity=6):
    return TaskReplay(2, capacity, {"x": (2,), "r": ()})


def steps(first, count):
    numbers = np.arange(first, first + count, dtype=np.float32)
    return {"x": np.stack([numbers, -numbers], axis=1), "r": numbers}


def seen(replay, task, recent=False):
    draw = replay.sample_recent if recent else replay.sample
    drawn = draw(np.array([task]), 400, RNG(0))
    assert np.array_equal(drawn["x"][..., 0], drawn["r"])
    assert np.array_equal(drawn["x"][..., 1], -drawn["r"])
    return sorted(set(drawn["r"].ravel().tolist()))


def test_tasks_keep_their_own_and_the_oldest_goes():
    replay = made()
    replay.add(0, steps(0, 4), recent=True)
    replay.add(1, steps(100, 2), recent=True)
    assert seen(replay, 0) == [0, 1, 2, 3] and seen(replay, 1) == [100, 101]
    replay.add(0, steps(4, 5), recent=False)
    assert seen(replay, 0) == [3, 4, 5, 6, 7, 8] and replay.size.tolist() == [6, 2]
    replay.add(0, steps(20, 9), recent=False)
    assert seen(replay, 0) == [23, 24, 25, 26, 27, 28]


def test_shapes_and_streams():
    replay = made()
    replay.add(0, steps(0, 4), recent=True)
    replay.add(1, steps(100, 2), recent=True)
    drawn = replay.sample(np.array([1, 0, 1]), 5, RNG(1))
    assert drawn["x"].shape == (3, 5, 2) and drawn["r"].shape == (3, 5)
    assert (drawn["r"][[0, 2]] >= 100).all() and (drawn["r"][1] < 4).all()
    again = replay.sample(np.array([1, 0, 1]), 5, RNG(1), ["r"])
    assert again.keys() == {"r"} and np.array_equal(again["r"], drawn["r"])


def test_the_recent_part_is_cleared_alone_and_extra_steps_are_not_in_it():
    replay = made(10)
    replay.add(0, steps(0, 3), recent=True)
    replay.add(0, steps(3, 2), recent=True)
    replay.add(0, steps(5, 1), recent=False)
    assert seen(replay, 0, recent=True) == [0, 1, 2, 3, 4] and len(seen(replay, 0)) == 6
    with pytest.raises(ValueError, match="cannot follow on others"):
        replay.add(0, steps(6, 1), recent=True)
    replay.clear_recent([0])
    with pytest.raises(ValueError, match=r"no recent transitions of tasks \[0\]"):
        replay.sample_recent(np.array([0]), 1, RNG(0))
    replay.add(0, steps(6, 2), recent=True)
    assert seen(replay, 0, recent=True) == [6, 7] and len(seen(replay, 0)) == 8
    replay.add(0, steps(8, 9), recent=False)  # the ring comes round: 7 to 16 are left
    assert seen(replay, 0, recent=True) == [7] and replay.recent_size.tolist() == [1, 0]


def test_whole_trials():
    replay = made(8)
    for first, count in ((0, 2), (2, 3), (5, 2)):
        replay.add(0, steps(first, count), recent=True, trial=True)
    replay.add(1, steps(50, 3), recent=False, trial=True)
    replay.add(0, steps(7, 2), recent=False)  # of no trial; pushes 0 out
    assert replay.num_trials().tolist() == [2, 1]
    found = set()
    for seed in range(20):
        fields, mask = replay.sample_trials(np.array([0, 1]), RNG(seed))
        assert fields["x"].shape == (3, 2, 2) and mask[:, 1].tolist() == [1, 1, 1]
        assert fields["r"][:, 1].tolist() == [50, 51, 52]
        found.add(tuple(fields["r"][:, 0].tolist()))
        assert (fields["r"][:, 0][mask[:, 0] == 0] == 0).all()
    assert found == {(2, 3, 4), (5, 6, 0)}
    replay.clear()
    with pytest.raises(ValueError, match=r"no whole trial is kept of tasks \[0, 1\]"):
        replay.sample_trials(np.array([0, 1]), RNG(0))


def test_beginnings_of_trials():
    replay = made(capacity=10)
    replay.add(0, steps(0, 3), recent=True)  # no trial
    replay.add(0, steps(3, 4), recent=False, trial=True)
    replay.add(1, steps(20, 7), recent=True, trial=True)
    replay.add(1, steps(30, 5), recent=True, trial=True)  # pushes the first out of the ring
    met = set()
    for seed in range(200):
        places, mask = replay.draw_beginnings(np.array([0, 1, 1]), 0.5, RNG(seed))
        numbers = replay.take(places, ["r"])["r"]
        assert mask.shape == numbers.shape and mask.dtype == np.float32
        for row, first in enumerate((3, 30, 30)):
            count = int(mask[row].sum())
            met.add((row, count))
            assert numbers[row, :count].tolist() == list(range(first, first + count))
            assert (numbers[row, count:] == first).all(), "padding is of the same trial"
    assert met == {(0, 2), (0, 3), (0, 4), (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)}


def test_beginnings_with_a_reward():
    replay = made(capacity=12)

    def play(task, first, rewards):
        fields = steps(first, len(rewards))
        replay.add(task, {**fields, "r": np.float32(rewards)}, recent=False, trial=True)

    play(0, 0, [1, 1, 1, 1])  # pushed out in part
    play(0, 10, [0, 0, 0, 0])
    play(0, 20, [0, 0, 5, 0])
    play(0, 30, [0, -6, 0])
    play(1, 40, [0, 0])  # a task without rewards: any of its trials
    met = set()
    for seed in range(200):
        draw = np.array([0, 1])
        places, mask = replay.draw_beginnings(draw, 0.25, RNG(seed), rewarded="r")
        for row, rewards in enumerate(replay.take(places, ["r"])["r"]):
            count = int(mask[row].sum())
            met.add((row, count, *np.unique(rewards[:count]).tolist()))
    assert met == {(0, 3, 0, 5), (0, 4, 0, 5), (0, 2, -6, 0), (0, 3, -6, 0), (1, 1, 0), (1, 2, 0)}


def test_parts_are_beginnings_or_stretches_whole_or_thinned_out():
    replay = made(capacity=30)
    replay.add(0, steps(0, 12), recent=False)  # pushed out in part
    replay.add(0, steps(12, 10), recent=False, trial=True)
    replay.add(0, steps(22, 10), recent=False, trial=True)
    replay.add(1, steps(100, 10), recent=True, trial=True)
    tasks = np.tile([0, 1], 2_000)
    places, mask = replay.draw_parts(tasks, 0.5, RNG(0))
    numbers = replay.take(places, ["r"])["r"]
    assert mask.dtype == np.float32 and (mask[:, 0] == 1).all() and set(mask.ravel()) == {0, 1}
    begins, thin = [], []
    for task, row, counted in zip(tasks, numbers, mask, strict=True):
        length = int(np.flatnonzero(counted)[-1]) + 1  # the last ones may have been left out
        assert row[:length].tolist() == list(range(int(row[0]), int(row[0]) + length))
        assert row.min() >= (100 if task else 2) and row.max() <= (109 if task else 31)
        begins.append(row[0] in (12, 22, 100))
        thin.append(counted[:length].mean() < 1)
    assert 0.5 < np.mean(begins) < 0.75 and 0.3 < np.mean(thin) < 0.5
    assert len({int(row[0]) for row in numbers[::2]}) > 20, "stretches begin anywhere"
    again, mask_again = replay.draw_parts(tasks, 0.5, RNG(0))
    assert (again == places).all() and (mask_again == mask).all()


def test_states():
    replay, other = made(), made()
    for first in (0, 3, 6):
        replay.add(0, steps(first, 3), recent=True, trial=True)
    state = replay.get_state()
    replay.add(0, steps(9, 1), recent=False)
    other.set_state(state)
    assert seen(other, 0) == [3, 4, 5, 6, 7, 8] == seen(other, 0, recent=True)
    assert other.num_trials().tolist() == [2, 0]
    other.add(0, steps(9, 1), recent=False)
    assert seen(other, 0) == seen(replay, 0)
    with pytest.raises(ValueError, match="does not fit"):
        made(3).set_state(state)
    with pytest.raises(ValueError, match="of 2 tasks; this one has .* of 3"):
        TaskReplay(3, 6, {"x": (2,), "r": ()}).set_state(state)


def test_bad_input():
    with pytest.raises(MemoryError, match=r"need about 1117.6 GiB.*keep at most \d+"):
        TaskReplay(1000, 100_000_000, {"x": (2,), "r": ()})
    with pytest.raises(ValueError, match="capacity=0"):
        made(0)
    with pytest.raises(ValueError, match=r"fields \['r'\] were given, not \['r', 'x'\]"):
        made().add(0, {"r": np.zeros(1)}, recent=True)
    with pytest.raises(ValueError, match=r"no transitions of tasks \[1\]"):
        made().sample(np.array([1]), 1, RNG(0))


@pytest.mark.parametrize("before", [0, 3, 7, 23])
def test_a_mark_is_what_was_kept_then_whatever_is_written_after(before):
    rng = np.random.default_rng(before)
    replay = TaskReplay(2, 8, {"x": (3,), "y": ()})

    def write(task, count):
        fields = {"x": rng.normal(size=(count, 3)), "y": rng.normal(size=count)}
        replay.add(task, fields, recent=False, trial=True)

    for count in (before % 5, before - before % 5):
        if count:
            write(0, count)
            write(1, count // 2 + 1)
    wanted = replay.get_state()
    replay.mark()
    for task, count in ((0, 2), (1, 5), (0, 9), (1, 30), (0, 1)):
        write(task, count)
    found = replay.marked_state()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], part) for name, part in wanted.items())
    again = TaskReplay(2, 8, {"x": (3,), "y": ()})
    again.set_state(found)
    assert torch.equal(again.get_state()["field.x"], wanted["field.x"])
