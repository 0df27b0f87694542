"""Names and scores of the games; nothing here needs ale-py."""

import sys

import gymnasium as gym
import numpy as np
import pytest

import meta_envs
from meta_envs.arcade import GAMES, human_normalised
from meta_envs.arcade.games import HELD_OUT, game_named, rom_id


def test_there_are_57_games_and_humans_beat_random_play_at_each():
    assert len(GAMES) == len(set(GAMES)) == 57 and list(GAMES) == sorted(GAMES)
    assert set(HELD_OUT) < set(GAMES)
    for game in GAMES:
        ends = human_normalised(game, [1e6, 0.0])
        assert ends[0] > ends[1]


def test_random_play_has_0_and_the_human_1():
    assert human_normalised("Pong", -20.7) == 0.0 and human_normalised("pong", 14.6) == 1.0
    assert human_normalised("Breakout", 401.2) == pytest.approx(13.872, abs=1e-3)  # DQN's 1387 %
    scaled = human_normalised("MsPacman", np.array([[307.3], [6951.6]]))
    assert scaled.tolist() == [[0.0], [1.0]]


def test_names_are_read_in_any_spelling_and_others_refused():
    assert game_named("ms_pacman") == game_named("MsPacman") == "MsPacman"
    assert rom_id("MsPacman") == "ms_pacman" and rom_id("UpNDown") == "up_n_down"
    with pytest.raises(ValueError, match="game='Pongg' is unknown; .*did you mean 'Pong'"):
        human_normalised("Pongg", 0)
    for wrong in ("", None, 3, "ALE"):
        with pytest.raises(ValueError, match="is unknown; there are Alien, "):
            game_named(wrong)


def test_without_ale_py_the_id_is_listed_and_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("meta_envs.arcade.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("ale_py", "ale_py.vector_env"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "meta/Atari-v0" in meta_envs.list_distributions()
    with pytest.raises(ImportError, match=r'needs ale_py.*pip install "metazoo\[atari\]"'):
        gym.make("meta/Atari-v0", game="Pong")
