"""`metazoo play` without an agent: a person acts with keys, in SDL's window that nobody sees."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pygame
import pytest
from gymnasium import spaces

import meta_envs
from agents.cli import by_hand, seen
from agents.cli.main import main
from meta_envs.core.rng import fold

BANDIT, GRID, POINT = "meta/BernoulliBandit-v0", "meta/GridNavi-v0", "meta/PointNavigation-v0"
CODES = {
    **{name: getattr(pygame, f"K_{name}") for name in "abcdefghijklmnopqrstuvwxyz0123456789"},
    **{name: getattr(pygame, f"K_{name.upper()}") for name in ("tab", "escape", "backspace")},
    **{name: getattr(pygame, f"K_{name.upper()}") for name in ("left", "right", "up", "down")},
    "return": pygame.K_RETURN,
    "space": pygame.K_SPACE,
}


@pytest.fixture(autouse=True)
def _headless(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


class Person:
    """Posts one event each time that the keyboard is looked at: `"a"` down, `"-a"` up."""

    def __init__(self, words):
        self.words = [*words.split(), "escape"]
        self.pictures, self.tables = [], []

    def look(self):
        """Stands for the clock's tick, which comes after every look."""
        word = self.words.pop(0) if self.words else "escape"
        kind = pygame.KEYUP if word.startswith("-") and len(word) > 1 else pygame.KEYDOWN
        if word == "close":
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        elif word != "wait":
            pygame.event.post(pygame.event.Event(kind, key=CODES[word.lstrip("-")]))


@pytest.fixture
def sit_down(monkeypatch):
    """Return a function that plays with the keys of a person, and returns the person."""

    def play(words, *line):
        person = Person(words)

        class Clock:
            def tick(self, fps):
                person.look()

        class Table(by_hand._Table):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                person.tables.append(self)

        class Screen(by_hand._Screen):
            def show(self, picture):
                super().show(picture)
                person.pictures.append(picture)
                assert self._window.get_size() == (picture.shape[1], picture.shape[0])

        monkeypatch.setattr(by_hand, "missing_display", lambda: None)
        monkeypatch.setattr(by_hand, "_Table", Table)
        monkeypatch.setattr(by_hand, "_Screen", Screen)
        monkeypatch.setattr(pygame.time, "Clock", Clock)
        assert main(["play", *line]) == 0
        assert not pygame.display.get_init()
        return person

    return play


def test_arrows_and_numbers_move_in_a_grid(sit_down, capsys):
    person = sit_down("up 1 right 0", GRID, "--seed", "5")
    told = person.tables[0].told
    assert told.observation.tolist() == [1, 2] and (told.step, told.time) == (4, 4)
    assert told.action == 0 and told.episode == 1 and told.episodes == 4
    assert "you on meta/GridNavi-v0, split 'test', seed 5" in capsys.readouterr().out
    assert len(person.pictures) == 1 + 4 + 1  # the start, every action, leaving


def test_the_task_is_that_of_an_agent_with_the_same_seed(sit_down):
    person = sit_down("", GRID, "--seed", "5")
    venv = gym.make_vec(GRID, num_envs=1, split="test")
    venv.reset(seed=fold(5, "episodes"))
    assert person.tables[0]._task["goal"].tolist() == venv.tasks["goal"][0].tolist()


def test_a_trial_ends_tells_the_task_and_another_begins(sit_down, capsys):
    words = "0 1 2 3 0 0 backspace 4"
    line = (BANDIT, "--env-kwargs", "pulls=2", "--episodes", "2", "--seed", "1")
    person = sit_down(words, *line)
    shown = capsys.readouterr().out
    # 0 1 play an episode, 2 begins the next, 3 0 play it, and 0 comes after the trial's end
    assert shown.count("\nepisode 1:") == 1 and shown.count("\nepisode 2:") == 1
    assert "length 2\n" in shown and "the task was" in shown
    told = person.tables[0].told
    assert (told.step, told.time, told.returns, told.action) == (1, 1, [], 4)


def test_time_runs_once_a_key_is_held(sit_down):
    person = sit_down("wait wait right wait wait -right wait space wait wait", POINT)
    told, controls = person.tables[0].told, person.tables[0].controls
    # steps: right, wait, wait, -right, wait; the space pauses
    assert told.step == 5 and not controls.running
    start = gym.make_vec(POINT, num_envs=1, split="test")
    first, _ = start.reset(seed=fold(0, "episodes"))
    pushed = told.observation[0] - first[0, 0]
    assert pushed > 0 and told.observation[1] == pytest.approx(first[0, 1])
    assert told.action.tolist() == [0, 0]


def test_closing_the_window_leaves(sit_down):
    assert not sit_down("close 1 1 1", GRID).tables[0].told.step


def test_the_picture_that_tells_the_task_is_hidden_until_asked_for(sit_down):
    person = sit_down("tab tab", GRID)
    widths = [picture.shape[1] for picture in person.pictures]
    assert widths == [seen.WIDTH, seen.WIDTH + 480, seen.WIDTH, seen.WIDTH]
    assert sit_down("", GRID, "--show-task").pictures[0].shape[1] == seen.WIDTH + 480


def test_the_screen_is_the_same_in_every_task(sit_down):
    """What is seen at the start tells nothing of the task."""
    first = [sit_down("", GRID, "--seed", seed).pictures[0] for seed in "012"]
    assert (first[0] == first[1]).all() and (first[0] == first[2]).all()


def test_families_may_draw_what_is_seen(sit_down, monkeypatch):
    from meta_envs.mazes.grid_navi import GridNavi

    def grey(self, row):
        return np.full((50, 70, 3), 128, dtype=np.uint8)

    monkeypatch.setattr(GridNavi, "render_seen", grey, raising=False)
    picture = sit_down("", GRID).pictures[0]
    assert picture.shape == (seen.HEIGHT, seen.WIDTH + 70, 3)
    assert (picture[:50, seen.WIDTH :] == 128).all()


# Only the project's own: other tests register toys, some of which draw no picture.
@pytest.mark.parametrize("id", [id for id in meta_envs.list_distributions() if "meta/" in id])
def test_every_id_is_played_by_hand(id, sit_down):
    person = sit_down("q 1 1 up return tab", id)
    assert person.tables[0].told.step > 0 and len(person.pictures) > 3
    assert person.pictures[0].shape == person.pictures[1].shape


def test_without_a_display_it_says_what_is_missing(capsys, monkeypatch):
    assert main(["play", GRID]) == 2
    said = capsys.readouterr().err
    assert "needs a display" in said and "SDL_VIDEODRIVER=dummy" in said
    assert "--agent random" in said and said.count("\n") == 1
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["play", GRID]) == 2
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", ":0")
    assert by_hand.missing_display() is None


def test_a_window_that_cannot_be_opened_is_no_traceback(capsys, monkeypatch):
    monkeypatch.setattr(by_hand, "missing_display", lambda: None)

    def fail(size):
        raise pygame.error("no available video device")

    monkeypatch.setattr(pygame.display, "set_mode", fail)
    assert main(["play", GRID]) == 2
    assert "no available video device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "say what to play"),
        ([GRID, "--out", "a.gif"], "--out is for watching an agent"),
        ([GRID, "--deterministic"], "--deterministic is for watching an agent"),
        ([GRID, "--render-mode", "none"], "--render-mode is for watching an agent"),
        ([GRID, "--agent", "random", "--show-task"], "--show-task is for playing without"),
    ],
)
def test_wrong_flags(line, said, capsys):
    assert main(["play", *line]) == 2
    assert said in capsys.readouterr().err


# ---- keys ----------------------------------------------------------------------------------------


# ---- what is seen --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "one", "other"),
    [
        (spaces.Discrete(5), 1, 3),
        (spaces.Box(-np.inf, np.inf, (7,)), np.zeros(7), np.eye(7)[2]),
        (spaces.Box(-np.inf, np.inf, (300,)), np.zeros(300), np.eye(300)[2]),
        (spaces.MultiDiscrete([3, 3]), np.array([0, 1]), np.array([1, 1])),
        (
            spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Box(0, 1, (2,))}),
            {"a": 1, "b": np.zeros(2)},
            {"a": 1, "b": np.ones(2)},
        ),
    ],
)
def test_observations_are_seen(space, one, other):
    pictures = [seen.draw_seen("x", space, seen.Told(part), [], []) for part in (one, one, other)]
    assert (pictures[0] == pictures[1]).all() and (pictures[0] != pictures[2]).any()
    assert pictures[0].shape == (seen.HEIGHT, seen.WIDTH, 3)


def test_images_are_shown_as_they_are():
    space = spaces.Box(0, 255, (4, 5, 3), np.uint8)
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    shown = seen.image_of(space, image)
    assert shown.shape == (480, 600, 3) and (shown[::120, ::120] == image).all()
    grey = seen.image_of(spaces.Box(0.0, 1.0, (4, 4)), np.full((4, 4), 0.5))
    assert (grey == 127).all()
    assert seen.image_of(spaces.Box(0, 1, (4,)), np.zeros(4)) is None
    nested = spaces.Dict({"n": spaces.Discrete(2), "image": space})
    assert (seen.image_of(nested, {"n": 0, "image": image}) == shown).all()
