"""`metazoo play`: an agent adapts in one task; a GIF where there is no display."""

from __future__ import annotations

import re

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

import meta_envs
from agents import baselines, evaluate
from agents.cli.main import main

BANDIT, GRID = "meta/BernoulliBandit-v0", "meta/GridNavi-v0"


@pytest.fixture(autouse=True)
def _headless(monkeypatch, tmp_path):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)


def episodes_of(text):
    return [float(number) for number in re.findall(r"^episode \d+:   return (\S+)", text, re.M)]


def test_headless_play_writes_a_gif_with_every_step(capsys, tmp_path):
    assert main(["play", GRID, "--agent", "grid-oracle", "--episodes", "2", "--fps", "10"]) == 0
    shown = capsys.readouterr().out
    gif = tmp_path / "play-GridOracle-GridNavi-v0-s0.gif"
    assert "written: play-GridOracle-GridNavi-v0-s0.gif" in shown
    with Image.open(gif) as picture:
        durations = []
        for frame in range(picture.n_frames):
            picture.seek(frame)
            durations.append(picture.info["duration"])
        # GIFs merge equal pictures, such as those of an agent that stays where it is
        assert picture.n_frames <= 2 * 16 and sum(durations) == 2 * (16 * 100 + 1000)
        assert picture.n_frames > 6
    assert re.search(r"the task was goal = \[\d, \d\]", shown)
    lines = re.findall(r"^episode (\d): .* length (\d+)   success yes$", shown, re.M)
    assert lines == [("1", "15"), ("2", "15")]


@pytest.mark.parametrize("id", meta_envs.list_distributions())
def test_every_id_plays(id, capsys):
    words = [
        "play",
        id,
        "--agent",
        "random",
        "--episodes",
        "2",
        "--render-mode",
        "none",
        "--seed",
        "3",
        *(["--env-kwargs", "max_episode_steps=30"] if "Atari" in id else []),  # else thousands
    ]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert len(episodes_of(shown)) == 2 and "the task was" in shown
    assert main(words) == 0
    assert capsys.readouterr().out == shown


def test_agents_learn_while_they_play(capsys):
    """The inner loop sees every step: mean returns are what `evaluate` measures."""
    returns = []
    for seed in range(30):
        words = ["play", BANDIT, "--agent", "thompson", "--episodes", "1", "--render-mode", "none"]
        assert main([*words, "--seed", str(seed), "--env-kwargs", "pulls=60"]) == 0
        returns += episodes_of(capsys.readouterr().out)
    curve = evaluate(baselines.Thompson(), BANDIT, num_tasks=400, env_kwargs={"pulls": 60})
    chance = 60 / 2  # mean of a random arm
    error = np.hypot(np.std(returns) / np.sqrt(30), curve.standard_error()[0])
    assert abs(np.mean(returns) - curve.mean()[0]) < 4 * error
    assert np.mean(returns) > chance + 2 * error  # it learnt, within the episode


def test_agents_do_not_see_the_task(monkeypatch):
    loop = baselines.Random.loop
    seen = []

    def peek(self, rows=None):
        with pytest.raises(PermissionError):
            _ = self.venv.tasks
        seen.append(True)

    monkeypatch.setattr(loop, "reset", peek)
    assert main(["play", BANDIT, "--agent", "random", "--render-mode", "none"]) == 0
    assert seen == [True]


def test_a_trained_agent_plays_where_it_was_trained(tmp_path, capsys):
    words = f"train rl2 {BANDIT} --n-envs 8 --total-timesteps 40 --n-epochs 1 --threads 1"
    words += " --eval-tasks 0 --env-kwargs pulls=5 --policy-kwargs hidden_size=8 --seed 0"
    assert main(words.split()) == 0
    capsys.readouterr()
    assert main(["play", "--agent", "runs/last"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("RL2 on meta/BernoulliBandit-v0, split 'test', seed 0\n")
    assert "length 5\n" in shown
    assert (tmp_path / "runs" / "last" / "play-RL2-BernoulliBandit-v0-s0.gif").is_file()


def test_a_window_is_gymnasiums(monkeypatch, capsys):
    from agents.cli import play

    pictures = []
    draw = gym.wrappers.HumanRendering._render_frame

    def draw_and_count(self):
        draw(self)  # SDL's dummy driver has windows, which nobody sees
        pictures.append(self.env.render().shape)

    monkeypatch.setattr(play, "_mode", lambda asked, out: {"human"})
    monkeypatch.setattr(gym.wrappers.HumanRendering, "_render_frame", draw_and_count)
    words = ["play", BANDIT, "--agent", "random", "--fps", "30", "--env-kwargs", "pulls=3"]
    assert main(words) == 0
    assert len(pictures) == 1 + 3 + 30  # a second's rest at the end
    assert "written" not in capsys.readouterr().out


def test_human_without_a_display_says_that_it_writes_a_gif(capsys, tmp_path):
    words = [
        "play",
        BANDIT,
        "--agent",
        "random",
        "--render-mode",
        "human",
        "--out",
        "pictures",
        "--seed",
        "7",
    ]
    assert main([*words, "--env-kwargs", "pulls=2"]) == 0
    captured = capsys.readouterr()
    assert "there is no display; writing a GIF instead" in captured.err
    assert (tmp_path / "pictures" / "play-Random-BernoulliBandit-v0-s7.gif").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--fps", "0"], "--fps 0.0 must be more than 0"),
        (["--out", "a.mp4"], "must be a .gif file or a folder"),
        (["--render-mode", "none", "--out", "a.gif"], "draws nothing to write"),
        (["--episodes", "0"], "at least 1"),
        (["--agent", "grid-oracle"], "needs actions Discrete(5)"),
    ],
)
def test_wrong_flags(more, said, capsys):
    assert main(["play", BANDIT, "--agent", "random", *more]) == 2
    shown = capsys.readouterr().err
    assert said in shown and shown.count("\n") == 1
