"""Sumo: who wins and what it pays, both sides alike, rounds against rising versions, bad input."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.core.bank import Bank
from meta_envs.opponents.contest import START, Contest
from meta_envs.opponents.roster import acted, roster_of, still
from meta_envs.opponents.wrestlers import WRESTLERS

ID = "meta/Sumo-v0"
PUCK, ANT = WRESTLERS["puck"], WRESTLERS["ant"]


def contest(body: Any = PUCK, rows: int = 1, rules: str = "release", limit: int = 100) -> Contest:
    return Contest(body, body, rows, rules, limit, START, 1)


def placed(game: Contest, first: Any, second: Any, speeds: Any = (0, 0, 0, 0)) -> Any:
    """Put two pucks at places in the plane, in every row; return the state."""
    state, rows = game.empty(), np.arange(game.physics.num_rows)
    state["qpos"][:], state["qvel"][:] = [*first, *second], speeds
    game.physics.begin(rows, state["qpos"], state["qvel"])
    return state


def stepped(game: Contest, state: Any, one: Any = (0, 0), other: Any = (0, 0), at: int = 1) -> Any:
    rows = game.physics.num_rows
    both = tuple(np.tile(np.asarray(a, float), (rows, 1)) for a in (one, other))
    return game.step(state, both, np.full(rows, at))


def played(sides: tuple[Any, Any], swapped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Play 24 contests of two networks; return who has lost first, and both sides' returns."""
    rows, game, bank = 24, contest(rows=24), Bank("sumo-puck")
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, rows)
    noise = [rng.uniform(-1, 1, (rows, 4)), rng.normal(size=(rows, 4))]
    if swapped:
        sides, angles = sides[::-1], angles + np.pi
        noise = [np.roll(one, 2, axis=1) for one in noise]
    state = game.empty()
    state["qpos"], state["qvel"] = game.begin(np.arange(rows), angles, (noise[0], noise[1]))
    lost, returns = np.zeros((rows, 2), bool), np.zeros((rows, 2))
    for step in range(1, 102):
        seen = [game.observe(state, side, np.arange(rows)) for side in (0, 1)]
        both = [acted(bank, np.full(rows, net), s) for net, s in zip(sides, seen, strict=True)]
        state, outcome = game.step(state, (both[0], both[1]), np.full(rows, step))
        open_ = ~lost.any(axis=1, keepdims=True)
        lost |= outcome.lost & open_
        returns += outcome.rewards * open_
    return lost, returns


def test_swapping_the_sides_swaps_the_results():
    lost, returns = played((3, 5), swapped=False)  # a charger and a weak guard
    swapped_lost, swapped_returns = played((3, 5), swapped=True)
    assert lost[:, 1].sum() > 5 and (swapped_lost == lost[:, ::-1]).all()
    np.testing.assert_allclose(swapped_returns, returns[:, ::-1], rtol=1e-6)


def test_ants_swapped_see_and_earn_the_same():
    rng, game, other = np.random.default_rng(1), contest(ANT), contest(ANT)
    acts = rng.uniform(-1, 1, (30, 2, 1, 8))
    noise = rng.uniform(-1, 1, (1, 30)), rng.normal(size=(1, 28))
    rows, states = np.arange(1), [game.empty(), other.empty()]
    begun = game.begin(rows, np.array([0.7]), noise)
    states[0]["qpos"], states[0]["qvel"] = begun
    states[1]["qpos"], states[1]["qvel"] = (np.roll(a, a.shape[1] // 2, axis=1) for a in begun)
    other.physics.begin(rows, states[1]["qpos"], states[1]["qvel"])
    for step, (one, two) in enumerate(acts, 1):
        states[0], first = game.step(states[0], (one, two), np.array([step]))
        states[1], second = other.step(states[1], (two, one), np.array([step]))
        np.testing.assert_allclose(first.rewards, second.rewards[:, ::-1], atol=1e-5)
    seen = [game.observe(states[0], 0, rows), other.observe(states[1], 1, rows)]
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-4)


def test_a_step_pays_what_the_formula_says():
    game = contest()
    state = placed(game, (0.0, 0.0), (1.5, 0.0), (2.0, 0, 0, 0))
    after, outcome = stepped(game, state, (1.0, -0.5), (0.0, 0.2))
    moved, there = after["qpos"][0, 0], after["qpos"][0, 2:]
    first = -0.1 * 1.25 + 0.1 * moved / 0.05 - 10 * np.exp(-np.hypot(*there))
    far = np.hypot(*after["qpos"][0, :2])
    assert moved > 0.09 and not outcome.over[0]
    np.testing.assert_allclose(outcome.rewards, [[first, -0.1 * 0.04 - 10 * np.exp(-far)]])


@pytest.mark.parametrize("rules", ["release", "paper"])
def test_who_leaves_the_ring_loses_and_rules_differ_where_both_do(rules):
    game = contest(rules=rules)
    _, outcome = stepped(game, placed(game, (0, 0), (0, -2.2)))
    assert outcome.lost.tolist() == [[False, True]] and outcome.won.tolist() == [[True, False]]
    np.testing.assert_allclose(outcome.rewards[0], [2000, -2000], atol=11)
    _, outcome = stepped(game, placed(game, (2.2, 0), (0, -2.2)))
    both = rules == "release"  # pays 2,000 - 2,000
    assert outcome.over[0] and outcome.drawn[0] != both and outcome.lost.all() == both
    np.testing.assert_allclose(outcome.rewards[0], 0 if both else -1000, atol=11)
    state = placed(game, (1, 0), (-1, 0))
    drawn = [bool(stepped(game, state, at=at)[1].drawn[0]) for at in (99, 100, 101)]
    assert drawn == [False, not both, True]


def test_an_ant_on_its_back_has_lost_by_the_paper_and_not_by_the_release():
    lost = {}
    for rules in ("release", "paper"):
        game = contest(ANT, rules=rules)
        rows, state = np.arange(1), game.empty()
        noise = np.zeros((1, 30)), np.zeros((1, 28))
        state["qpos"], state["qvel"] = game.begin(rows, np.zeros(1), noise)
        state["qpos"][:, 2] = 0.7  # .2 m above the mat
        game.physics.begin(rows, state["qpos"], state["qvel"])
        lost[rules] = bool(game.step(state, (np.zeros((1, 8)),) * 2, np.ones(1))[1].lost[0, 0])
        height = game.observe(state, 0, rows)[0, 2]
        assert height == np.float32(0.7 - game.height)
    assert lost == {"release": False, "paper": True}


@pytest.mark.parametrize(("body", "width", "motors"), [("ant", 120, 8), ("bug", 164, 12)])
def test_bodies_see_what_robosumo_shows(body, width, motors):
    venv = gym.make_vec(ID, num_envs=1, body=body, opponent="spider", threads=1)
    seen, _ = venv.reset(seed=0)
    assert seen.shape == (1, width) and venv.single_action_space.shape == (motors,)
    assert venv.unwrapped.bank.inputs == 208 and venv.unwrapped.roster.versions.tolist() == [1]
    seen, *_, infos = venv.step(np.ones((1, motors), np.float32))
    assert not infos["physics_diverged"][0] and np.isfinite(seen).all()
    venv.close()


def test_a_round_is_won_by_the_majority_and_raises_the_version():
    task = {"opponent": 0, "version": 2}
    venv = gym.make_vec(ID, num_envs=1, bank=_still_bank(4), time_limit=30, threads=1)
    venv.reset(seed=0, options={"task": task})
    family, results, versions = venv.unwrapped, [], []
    plan = ["win", "lose", "win", "draw", "draw", "draw", "lose", "draw", "draw"]
    for wanted in plan:
        versions.append(int(family.tasks["version"][0]))
        state = family.state
        state["qpos"][0] = {
            "win": (0, 0, 2.2, 0), "lose": (2.2, 0, 0, 0), "draw": (1, 0, -1, 0)
        }[wanted]  # fmt: skip
        state["qvel"][:] = 0
        family.contest.physics.begin(np.arange(1), state["qpos"], state["qvel"])
        over = False
        while not over:
            *_, ended, _, infos = venv.step(np.zeros((1, 2), np.float32))
            over = bool(ended[0])
        final = infos["final_info"]
        assert final[wanted][0] and final["success"][0] == (wanted == "win")
        results.append([bool(final[f"round_{one}"][0]) for one in ("win", "lose", "draw")])
    none = [False] * 3
    assert results == [
        *(none, none, [True, False, False]),
        *(none, none, [False, False, True]),
        *(none, none, [False, True, False]),
    ]
    assert versions == [2] * 3 + [3] * 6  # the last version stays


def test_the_opponent_is_the_bank_s_network():
    venvs = [gym.make_vec(ID, num_envs=4, split="all", threads=1) for _ in range(2)]
    bank, played = Bank("sumo-puck"), []
    for venv in venvs:
        venv.reset(seed=3, options={"task": {"opponent": 2, "version": 1}})
    venvs[1].unwrapped.other_side = lambda seen: acted(bank, np.full(len(seen), 9), seen)
    for venv in venvs:
        played.append([venv.step(np.full((4, 2), 0.3, np.float32))[0] for _ in range(10)])
    assert (np.array(played[0]) == np.array(played[1])).all()
    squashed = Bank({**still(8, 2), "about.squash": np.ones(1, np.float32)})
    squashed.arrays["head.means.bias"].flags.writeable = True
    squashed.arrays["head.means.bias"][:] = 0.5
    np.testing.assert_allclose(acted(squashed, np.zeros(1, int), np.zeros((1, 8))), np.tanh(0.5))


def test_two_ants_have_a_bank_and_an_ant_against_a_bug_has_none():
    alike: Any = gym.make_vec(ID, num_envs=2, body="ant", threads=1).unwrapped
    assert alike.roster.names == ("self-taught",) and list(alike.roster.versions) == [12]
    assert (
        alike.bank.size == 12 and np.abs(alike.bank.forward(np.arange(2), np.ones((2, 120)))).any()
    )
    other: Any = gym.make_vec(ID, num_envs=2, body="bug", opponent="ant", threads=1).unwrapped
    assert other.bank.size == 1  # stands still


def test_opponents_are_held_out():
    splits = {split: gym.make_vec(ID, num_envs=1, split=split) for split in ("train", "test")}
    found = {k: {int(t["opponent"]) for t in v.unwrapped.tasks_in_split} for k, v in splits.items()}
    assert found["test"] == {2} and not found["train"] & found["test"]
    assert len(splits["test"].unwrapped.tasks_in_split) == 4


def test_trials_may_begin_with_one_version_and_keep_each_for_some_rounds():
    venv = gym.make_vec(
        ID, num_envs=1, start_version=1, rounds_per_version=2, episodes_per_round=1, threads=1
    )
    family = venv.unwrapped
    assert [int(task["version"]) for task in family.tasks_in_split] == [1, 1]
    task, seen = family.sample_tasks(1, seed=0), []
    now = {key: part[0] for key, part in task.items()}
    for episode in range(1, 8):
        seen.append(int(now["version"]))
        now = family.next_task(now, episode, np.random.default_rng(0))
    assert seen == [1, 1, 2, 2, 3, 3, 3]


def test_a_contest_is_drawn_with_names_and_score():
    env = gym.make(ID, render_mode="rgb_array", player="Alice")
    env.reset(seed=0)
    first = env.render()
    env.step(np.ones(2, np.float32))
    assert first.shape == (568, 480, 3) and (first != env.render()).any()
    assert (env.unwrapped.rows.render_seen(0) != env.render()).any()


def _still_bank(versions: int) -> dict[str, np.ndarray]:
    return {name: np.repeat(part, versions, axis=0) for name, part in still(8, 2).items()}


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"body": "puck", "opponent": "ant"}, "pucks only"),
        ({"body": "any"}, "did you mean 'ant'"),
        ({"start_radius": 0.0}, "start inside each other"),
        ({"bank": still(9, 2)}, "the puck against the puck sees 8 numbers and has 2 motors"),
        ({"bank": still(8, 2), "names": ["a", "b"]}, "has 1 opponents, not 2"),
        ({"bank": {**still(8, 2), "about.opponent": np.ones(1, np.float32)}}, "from 0 on"),
        ({"bank": {**still(8, 2), "about.opponent": np.zeros(2, np.float32)}}, "has the shape"),
        ({"max_versions": 3}, "from 4 to"),
    ],
)
def test_what_does_not_fit_is_refused(kwargs, said):
    with pytest.raises(ValueError, match=said):
        gym.make_vec(ID, num_envs=1, threads=1, **kwargs)


def test_a_version_that_is_not_there_is_refused_with_those_that_are():
    arrays = {**_still_bank(3), "about.opponent": np.array([0, 0, 1], np.float32)}
    venv = gym.make_vec(ID, num_envs=1, bank=arrays, names=["a", "b"], threads=1)
    with pytest.raises(ValueError, match=r"versions 0 to 0 of opponent 1 \(b\)"):
        venv.unwrapped.set_tasks([{"opponent": 1, "version": 1}])
    with pytest.raises(ValueError, match=r"names=\['a', 'b'\]: the bank has 1 opponents"):
        venv.unwrapped.set_bank(_still_bank(3))
    grows = gym.make_vec(ID, num_envs=1, bank="self", max_versions=2, threads=1)
    grows.unwrapped.set_bank(_still_bank(2))
    assert len(grows.unwrapped.tasks_in_split) == 2 and grows.unwrapped.roster.names == ("self",)
    with pytest.raises(ValueError, match="max_versions makes room"):
        grows.unwrapped.set_bank(_still_bank(3))
    assert roster_of(Bank(arrays)).names == ("opponent 1", "opponent 2")


def test_a_bank_from_a_stranger_runs_no_code(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "bank.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match=r"pickle|not a safetensors"):
        gym.make_vec(ID, num_envs=1, bank=str(tmp_path / "bank.safetensors"))
    assert not (tmp_path / "ran").exists()
