"""`metazoo play` and `video` hand a learner's meta-parameters to pictures that show them."""

from types import SimpleNamespace

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from agents.cli.trials import describe, play_trial, report
from agents.core.play.inner_loop import InnerLoop


class Stays(InnerLoop):
    rule = SimpleNamespace(adapts=("gamma", "later"))

    def reset(self, rows=None):
        self.figures = {"loss": np.zeros(1)}

    def act(self, observation, rows=None, deterministic=False):
        return np.ones(self.num_rows, dtype=int)

    def observe(self, step, rows=None):
        self.figures = {"loss": np.ones(1), "gamma": np.full(1, 0.5)}


def test_what_a_learner_adapts_reaches_the_picture(capsys):
    agent = SimpleNamespace(inner_loop=Stays, name="Stays")
    pictures = []
    for adapts in (("gamma", "later"), ()):
        Stays.rule = SimpleNamespace(adapts=adapts)
        venv = gym.make_vec(
            "meta/Catch-v0", num_envs=1, render_mode="rgb_array", episodes_per_trial=1
        )
        play_trial(venv, agent, 0, False, lambda moment: None)
        shown = venv.life_of(0)
        assert set(shown) == ({"", "gamma"} if adapts else {""})
        pictures.append(venv.render()[0])
    assert shown[""].means.size == 1
    assert not np.array_equal(*pictures)


def test_families_without_such_pictures_are_left_alone():
    venv = gym.make_vec("meta/GridNavi-v0", num_envs=1)
    report(venv, SimpleNamespace(rule=SimpleNamespace(adapts=("gamma",)), figures={}))


def test_a_task_that_has_a_name_is_told_by_it():
    space = spaces.Dict({"place": spaces.Box(0, 1, (2,)), "room": spaces.Discrete(3)})
    family = SimpleNamespace(task_labels={"room": ("hall", "cellar", "attic")})
    venv = SimpleNamespace(single_task_space=space, unwrapped=family)
    task = {"place": np.array([0.5, 0.25], dtype=np.float32), "room": 1}
    assert describe(venv, task) == "place = [0.5, 0.25], room = cellar"
