"""States that cannot be: refused by name, and nothing has changed."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error

from meta_envs.laws.case import same_bits
from tests.meta_envs.families import EYES, PUSH, TRAVEL, Push

_ROWS = 3


def begun(id: str = PUSH, **kwargs: Any) -> Any:
    venv = gym.make_vec(id, num_envs=_ROWS, **kwargs)
    venv.reset(seed=1)
    venv.set_tasks(venv.sample_tasks(1), rows=[0])
    venv.reset(options={"reset_mask": np.array([True, False, False])})
    venv.action_space.seed(1)
    venv.step(venv.action_space.sample())
    return venv


def at(index: Any, value: Any) -> Any:
    """Return what writes a value into a part."""

    def write(part: np.ndarray) -> np.ndarray:
        part = part.copy()
        part[index] = value
        return part

    return write


_WRONG: tuple[tuple[str, Any, str], ...] = (
    ("elapsed", lambda part: np.full(_ROWS, np.nan), "of type float64, not int64"),
    ("elapsed", at(1, -1), r"\[1\]=-1 must be from 0"),
    ("elapsed", at(1, 2**63 - 1), "must be from 0"),
    ("elapsed", lambda part: part[:2], "of 2 rows; this environment has 3"),
    ("elapsed", lambda part: part[:, None], r"has the shape \(3, 1\), not \(3,\)"),
    ("elapsed", lambda part: part.tolist(), "not an array of numbers"),
    ("elapsed", lambda part: part.astype(object), "not an array of numbers"),
    ("ended", lambda part: part.astype(np.int64), "of type int64, not bool"),
    ("clock.episode", at(0, 0), r"\[0\]=0 must be from 1"),
    ("clock.pinned", at(1, True), "what the row is pinned to"),
    ("clock.tasks.target", at(0, 0.123), "must be what the row is pinned to"),
    ("clock.tasks.target", at(2, 7.0), r"clock.tasks.* holds no valid task.*outside"),
    ("clock.tasks.target", at(2, np.nan), r"clock.tasks.* holds no valid task.*outside"),
    ("clock.pins.target", at(0, 7.0), r"clock.pins.* holds no valid task.*outside"),
    ("clock.seeds", at(1, 5), "random.seeds.* must be what state.*clock.seeds"),
    ("clock.generators", at((0, 0), 2), "must be from 0 to 1"),
    ("clock.sampling", at((0, 0), 0), "must be 1"),
    ("random.generators", at((0, slice(0, 5)), [1, 0, 0, 0, 2]), "must be odd"),
    ("random.generators", at((0, 6), 2**40), "must be from 0"),
    ("random.uniform", at((0, -1), np.nan), "must be from 0.0"),
    ("random.normal", at((0, -1), np.inf), "must be from"),
    ("random.normal_cursor", at(0, -1), "must be from 0 to 256"),
    ("random.uniform_cursor", at(0, 257), "must be from 0 to 256"),
    ("state.place", at((0, 0), np.nan), r"state.place.*\[0\]\[0\]=nan must be finite"),
    ("state.place", lambda part: part.astype(np.float32), "of type float32, not float64"),
    ("state.place", lambda part: part[:, :1], r"has the shape \(3, 1\)"),
    ("observations", lambda part: part.astype(np.float64), "of type float64, not float32"),
)


@pytest.mark.parametrize(("name", "change", "said"), _WRONG)
def test_a_part_that_cannot_be_is_refused_by_name(name: str, change: Any, said: str) -> None:
    venv, fresh = begun(), gym.make_vec(PUSH, num_envs=_ROWS)
    if name == "random.uniform":
        venv.random.uniform()  # else nothing is drawn ahead
    before, state = venv.get_state(), venv.get_state()
    state[name] = change(state[name])
    for one in (venv, fresh):
        with pytest.raises(ValueError, match=said) as refused:
            one.set_state(state)
        assert said.startswith("of 2 rows") or "state[" in str(refused.value)
    assert same_bits(venv.get_state(), before)
    with pytest.raises(error.ResetNeeded):
        fresh.step(fresh.action_space.sample())


def test_parts_that_are_missing_or_unknown_are_named() -> None:
    venv = begun()
    before = venv.get_state()
    for name in before:
        with pytest.raises(ValueError, match=rf"lacks \['{name}'\]"):
            venv.set_state({key: part for key, part in before.items() if key != name})
    with pytest.raises(ValueError, match=r"'elapsd'\] is unknown to Push.*did you mean 'elapsed'"):
        venv.set_state({**before, "elapsd": before["elapsed"]})
    with pytest.raises(ValueError, match=r"'more.x'\] is unknown"):
        venv.set_state({**before, "more.x": before["elapsed"]})
    for none in (None, [before], "state"):
        with pytest.raises(TypeError, match="a state is a dict of arrays"):
            venv.set_state(none)
    assert same_bits(venv.get_state(), before)


def test_steps_beyond_the_horizon_belong_to_ended_episodes() -> None:
    venv = begun(TRAVEL)
    state = venv.get_state()
    state["elapsed"][1] = 7
    with pytest.raises(ValueError, match="below max_episode_steps=7 where no episode has ended"):
        venv.set_state(state)
    state["ended"][1] = True
    venv.set_state(state)


@pytest.mark.parametrize(
    ("id", "name", "value"),
    [
        ("meta/GridNavi-v0", "state.position", 5),
        ("meta/RandomMaze-v0", "state.cell", 0),
        ("meta/RandomMaze-v0", "state.cell", 10**6),
        ("meta/TabularMDP-v0", "state.state", -1),
        ("meta/TwoStep-v0", "state.stage", 3),
        ("meta/TwoStep-v0", "state.good", 2),
        ("meta/Sinusoid-v0", "elapsed", 10**6),
    ],
)
def test_families_refuse_places_there_are_not(id: str, name: str, value: int) -> None:
    venv = begun(id)
    before, state = venv.get_state(), venv.get_state()
    state[name][1] = value
    with pytest.raises(ValueError, match=rf"state\['{name}'\]\[1\].*={value} must be"):
        venv.set_state(state)
    assert same_bits(venv.get_state(), before)


class Wheel(Push):
    """`Push` with something of its own beside `state`, which it looks at only when it takes it."""

    turned = np.zeros(_ROWS)

    def more_state(self) -> dict[str, np.ndarray]:
        return {"turned": self.turned}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        self.turned = state["turned"]
        if self.turned[0] < 0:
            raise RuntimeError("turned too far")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("more.turned"), "cannot take the state back: KeyError"),
        (lambda state: state.update({"more.x": state["elapsed"]}), r"'more.x'\] is unknown"),
        (lambda state: state["more.turned"].fill(-1), "RuntimeError: turned too far"),
    ],
)
def test_what_only_the_family_can_judge_is_taken_back(change: Any, said: str) -> None:
    venv, fresh = Wheel(num_envs=_ROWS), Wheel(num_envs=_ROWS)
    venv.reset(seed=3)
    venv.turned = np.ones(_ROWS)
    before, state = venv.get_state(), venv.get_state()
    venv.step(venv.action_space.sample())
    state_now = venv.get_state()
    change(state)
    for one in (venv, fresh):
        with pytest.raises(ValueError, match=said):
            one.set_state(state)
    assert same_bits(venv.get_state(), state_now)
    with pytest.raises(error.ResetNeeded):
        fresh.step(fresh.action_space.sample())
    fresh.set_state(before)
    assert same_bits(fresh.get_state(), before)


def test_dicts_of_observations_come_back() -> None:
    venv = begun(EYES["dict"])
    other = gym.make_vec(EYES["dict"], num_envs=_ROWS)
    other.set_state(venv.get_state())
    assert same_bits(other.get_state(), venv.get_state())
