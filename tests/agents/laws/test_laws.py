"""Every law of agents, for every algorithm; each catches an agent that breaks it."""

from __future__ import annotations

import functools

import pytest
import torch

import agents
from agents.laws.check import ACTING, LEARNING, check_law, law_name, laws_of
from agents.laws.setting import Setting
from meta_envs.laws.case import LawBroken
from tests.agents.laws import broken

_BY_NAME = {law_name(law): law for law in LEARNING}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@functools.cache
def setting(name):
    return Setting(getattr(agents, agents.ALGORITHMS[name].partition(":")[2]))


@pytest.mark.parametrize("law", LEARNING, ids=law_name)
@pytest.mark.parametrize("name", agents.ALGORITHMS)
def test_law(name, law):
    check_law(law, setting(name))


@pytest.mark.parametrize("cls", broken.BROKEN, ids=lambda cls: cls.__name__)
def test_a_broken_agent_is_caught_by_its_law(cls):
    law, words = broken.BROKEN[cls]
    with pytest.raises(LawBroken) as caught:
        check_law(_BY_NAME[law], Setting(cls))
    said = caught.value
    place = f"tests.agents.laws.broken:{cls.__name__}"
    assert said.broken.startswith(f"{place} breaks the {law} law on meta/BernoulliBandit-v0")
    assert words in said.seen and said.do


def test_every_law_can_fail():
    assert {law for law, _ in broken.BROKEN.values()} == set(_BY_NAME)


def test_a_sound_agent_of_somebody_keeps_every_law(capsys):
    agents.check_agent(broken.Sound, verbose=True, gamma=0.5)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("on meta/BernoulliBandit-v0") and "'gamma': 0.5" in first
    assert [line.split()[0] for line in lines] == list(_BY_NAME)


def test_what_only_acts_is_checked_for_how_it_acts(capsys):
    agents.check_agent("tests.agents.laws.broken:HandMade", verbose=True)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [law_name(law) for law in ACTING]
    with pytest.raises(LawBroken, match="rows law.*when rows act together and in turns"):
        agents.check_agent(broken.HandMadeWrongly)
    assert laws_of(Setting(broken.HandMade)) == ACTING


def test_errors_of_the_author_are_told_with_their_place():
    class Raises(broken.Sound):
        """Fails in its loss."""

        def loss(self, batch, progress):
            return {}["loss"]

    with pytest.raises(LawBroken, match="KeyError was raised: 'loss'") as caught:
        check_law(_BY_NAME["seeds"], Setting(Raises))
    assert caught.value.at.startswith("loss (test_laws.py, line ")


def test_what_cannot_be_made_says_why():
    with pytest.raises(LawBroken, match="cannot be made.*on meta/Nothing-v0 .*Name an id"):
        agents.check_agent(broken.Sound, "meta/Nothing-v0")
    with pytest.raises(TypeError, match="not an agent: give a class that has inner_loop"):
        agents.check_agent(dict)
