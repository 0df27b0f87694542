"""Atari's games as tasks. A row takes some tenths of a second to start: rows are few here."""

from __future__ import annotations

import copy
import logging
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import agents
from agents import baselines
from meta_envs.arcade import GAMES, human_normalised

pytest.importorskip("ale_py")

from ale_py import roms  # noqa: E402
from ale_py.vector_env import AtariVectorEnv  # noqa: E402

from meta_envs.arcade.games import HELD_OUT, rom_id  # noqa: E402

ID = "meta/Atari-v0"


def make(rows: int = 1, **kwargs: Any) -> Any:
    return gym.make_vec(ID, num_envs=rows, **kwargs)


def play(venv: Any, steps: int, seed: int = 0) -> list[Any]:
    """Play at random, the same for row 0 whatever the number of rows."""
    draws = [np.random.default_rng(seed + row) for row in range(venv.num_envs)]
    shown = []
    for _ in range(steps):
        n = venv.single_action_space.n
        shown.append(venv.step(np.array([draw.integers(n) for draw in draws])))
    return shown


def test_every_game_comes_with_ale_py() -> None:
    assert {rom_id(game) for game in GAMES} <= set(roms.get_all_rom_ids())


@pytest.mark.parametrize("protocol", ["2018", "sticky"])
def test_a_row_equals_ale_pys_own_environment(protocol: str) -> None:
    """With the seed that the row's episode stream draws, and its random restarts after it."""
    venv = make(2, game="Breakout", protocol=protocol, max_episode_steps=30)
    seen, _ = venv.reset(seed=4)
    twin = np.random.Generator(np.random.PCG64(np.random.SeedSequence([5, 1])))
    sticky = protocol == "sticky"
    theirs = AtariVectorEnv(
        "breakout",
        1,
        num_threads=1,
        reward_clipping=False,
        use_fire_reset=False,
        repeat_action_probability=0.25 if sticky else 0.0,
        noop_max=1 if sticky else 31,
        full_action_space=sticky,
    )
    first, _ = theirs.reset(seed=np.array([twin.integers(2**31)]))
    assert np.array_equal(seen[1], first[0])
    assert venv.single_action_space.n == (18 if sticky else 4) == len(venv.action_names)
    rng = np.random.default_rng(0)
    for step in range(1, 40):
        actions = rng.integers(venv.single_action_space.n, size=2)
        seen, rewards, terminated, truncated, infos = venv.step(actions)
        mine, reward, over, _, more = theirs.step(actions[1:])
        ended = terminated[1] or truncated[1]
        assert truncated[1] == (step == 30) and over[0] == terminated[1]
        assert np.array_equal(infos["final_obs"][1] if ended else seen[1], mine[0])
        assert rewards[1] == reward[0] and infos["lives"][1] == more["lives"][0] or ended
        if ended:
            assert np.array_equal(seen[1], theirs.reset()[0][0])


def test_rows_and_threads_do_not_matter_and_one_environment_is_row_0() -> None:
    venv, env = make(3, game="Pong", threads=2, no_ops=5), gym.make(ID, game="Pong", no_ops=5)
    seen, _ = venv.reset(seed=7)
    alone, _ = env.reset(seed=9)
    assert np.array_equal(seen[2], alone)
    actions = np.random.default_rng(1).integers(6, size=(20, 3))
    for step in actions:
        seen, rewards, *_ = venv.step(step)
        alone, reward, *_ = env.step(step[2])
        assert np.array_equal(seen[2], alone) and rewards[2] == reward
    seen, _ = venv.reset(options={"reset_mask": np.array([False, False, True])})
    assert np.array_equal(seen[2], env.reset()[0])


def test_a_lost_life_ends_an_episode_and_the_game_goes_on() -> None:
    venv = make(1, game="Breakout", end_on_lost_life=True, clip_rewards=True)
    venv.reset(seed=3)
    whole = make(1, game="Breakout")
    whole.reset(seed=3)
    lost, score = 0, 0.0
    for mine, theirs in zip(play(venv, 300), play(whole, 300), strict=True):
        seen, rewards, terminated, _, infos = mine
        score += theirs[1][0]
        assert rewards[0] == np.clip(theirs[1][0], -1, 1) and infos["score"][0] == score
        assert not theirs[2][0] or terminated[0]
        if terminated[0]:
            lost += 1
            assert infos["game_over"][0] == theirs[2][0]
            assert np.array_equal(infos["final_obs"], theirs[4].get("final_obs", theirs[0]))
            assert np.array_equal(seen, theirs[0])  # goes on, or both begin alike
        if theirs[2][0]:
            break
    assert lost == 5 and infos["lives"][0] == 0
    assert venv.reset(seed=3)[0].tolist() == whole.reset(seed=3)[0].tolist()  # a seed begins anew


def test_rows_keep_games_of_their_own_and_move_when_told(caplog: pytest.LogCaptureFixture) -> None:
    venv = make(3, split="test")
    _, infos = venv.reset(seed=0)
    assert [GAMES[game] for game in infos["task"]["game"]] == ["Alien", "MsPacman", "Pong"]
    assert [GAMES[game] for game in venv.reset(seed=9)[1]["task"]["game"]] == list(HELD_OUT[:3])
    untouched = play(venv, 3)[-1][0][0]
    pong = {"game": GAMES.index("Pong")}
    with caplog.at_level(logging.INFO, "meta_envs"):
        venv.set_tasks([pong], rows=[1])
        mask = np.array([False, True, False])
        seen, infos = venv.reset(options={"reset_mask": mask})
    assert "moving 1 rows to another game (Pong) took 0." in caplog.text
    assert infos["task"]["game"][1] == pong["game"] and np.array_equal(seen[0], untouched)
    assert [one.game for one in venv.consoles._consoles] == [0, pong["game"], pong["game"]]
    play(venv, 2)
    venv.set_tasks([pong, pong, None][:1], rows=[0])
    venv.set_tasks(None, rows=[1])
    _, infos = venv.reset(options={"reset_mask": np.array([True, True, False])})
    assert infos["task"]["game"].tolist() == [pong["game"], GAMES.index("MsPacman"), pong["game"]]
    assert len(venv.consoles._consoles) == 3  # row 0 took the slot that row 1 left
    with pytest.raises(
        ValueError, match="is Alien, but this environment was made with game='Pong'"
    ):
        make(1, game="Pong").set_tasks([{"game": 0}])


def test_splits_are_games() -> None:
    test, train, every = (make(1, split=split) for split in ("test", "train", "all"))
    named = [
        [GAMES[int(one["game"])] for one in env.tasks_in_split] for env in (test, train, every)
    ]
    assert tuple(named[0]) == HELD_OUT and len(named[1]) == 52 and tuple(named[2]) == GAMES
    assert not set(named[0]) & set(named[1])
    assert make(1, game="pong").splits == ("all",)


def test_what_cannot_be_is_refused() -> None:
    for wrong, said in (
        ({"game": "Pongo"}, "did you mean 'Pong'"),
        ({"protocol": "2019"}, "protocol='2019' is unknown; allowed are '2018', 'sticky'"),
        ({"full_action_space": False}, "full_action_space=False is for one game"),
        ({"sticky_actions": 2}, "sticky_actions=2 must be a number from 0 to 1"),
        ({"game": "Pong", "split": "test"}, "its only split is 'all'"),
        ({"end_on_lost_life": True, "autoreset_mode": "NextStep"}, "does not go with"),
    ):
        with pytest.raises(ValueError, match=said):
            make(1, **wrong)
    venv = make(1, game="Pong")
    venv.reset(seed=0)
    with pytest.raises(NotImplementedError, match="cannot tell the state of their games"):
        venv.get_state()
    with pytest.raises(NotImplementedError, match="cannot be copied"):
        copy.deepcopy(venv)


def test_evaluate_puts_games_on_one_scale(tmp_path: Any) -> None:
    cut = {"max_episode_steps": 40}
    curve = agents.evaluate(baselines.Random(), ID, num_tasks=1, env_kwargs=cut)
    expected = [human_normalised(game, curve.returns[i]) for i, game in enumerate(("Alien",))]
    assert curve.normalised_returns.tolist() == np.stack(expected).tolist()
    assert curve.by("game", "normalised_returns").labels == ("Alien",)
    assert "normalised returns: mean" in repr(curve)
    curve.to_csv(tmp_path / "curve.csv")
    again = type(curve).from_csv(tmp_path / "curve.csv")
    assert np.array_equal(again.normalised_returns, curve.normalised_returns)
    assert type(curve).merge(curve, curve).normalised_returns.shape == (2, 1)
    venv = make(1, game="Pong", clip_rewards=True)
    assert venv.normalised({"game": np.int64(GAMES.index("Pong"))}, np.zeros(1)) is None


def test_the_picture_is_the_game_in_colour() -> None:
    env = gym.make(ID, game="Pong", render_mode="rgb_array")
    env.reset(seed=2)
    env.step(0)
    picture = env.render()
    assert picture.shape == (64 + 420 + 16, 2 * 16 + 640, 3)
    field = picture[64 + 200, 16 + 320]
    assert field.tolist() == [144, 72, 17]  # Pong's brown
