"""The batched stepper: rows that diverge alone, threads, memory, and what is refused by name.

N rows.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
import pytest

import meta_envs  # noqa: F401  (registers the ids)
from meta_envs.laws.case import same_bits
from meta_envs.locomotion.bodies import BODIES, load_model
from meta_envs.locomotion.family import Locomotion
from meta_envs.physics.bodies import Physics

BROKEN = 2  # the row that diverges


def _huge_gear(model: mujoco.MjModel) -> None:
    model.actuator_gear[:] *= 1e12


def _tiny_mass(model: mujoco.MjModel) -> None:
    model.body_mass[1:] = 1e-10
    model.body_inertia[1:] = 1e-10
    model.dof_armature[:] = 0.0  # the joints' own inertia, which hides a body that has none


BREAKS = pytest.mark.parametrize("break_it", [_huge_gear, _tiny_mass])
ROWS_OF = pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ("hopper", {"randomization": "epg"}),
        ("walker2d", {"randomization": "rand_params", "terminate_when_unhealthy": False}),
        ("half_cheetah", {"randomization": "rand_params"}),
        ("ant", {"randomization": "rand_params", "contact_forces": True}),
        ("humanoid", {"randomization": "rand_params_small", "contact_forces": True}),
    ],
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run in an empty folder, in which nothing may be left."""
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


def _finite(values: Any) -> bool:
    if isinstance(values, dict):
        return all(_finite(part) for part in values.values())
    return bool(np.isfinite(values).all())


@pytest.mark.filterwarnings("error")
@ROWS_OF
@BREAKS
def test_a_diverging_row_ends_alone(
    body: str, arguments: dict[str, Any], break_it: Callable[[mujoco.MjModel], None]
) -> None:
    broken, whole = (
        Locomotion(body=body, num_envs=5, episodes_per_trial=10**6, **arguments) for _ in range(2)
    )
    for env in (broken, whole):
        env.reset(seed=1)
        env.action_space.seed(1)
    break_it(broken.physics.models[BROKEN])
    others = np.arange(5) != BROKEN
    lost = 0
    for _ in range(30):
        actions = whole.action_space.sample()
        seen, expected = broken.step(actions), whole.step(actions)
        for left, right in zip(seen[:4], expected[:4], strict=True):
            assert same_bits(left[others], right[others])
            assert _finite(left)
        assert not seen[4]["physics_diverged"][others].any()
        assert not expected[4]["physics_diverged"].any()
        assert _finite(seen[4])
        if seen[4]["physics_diverged"][BROKEN]:
            lost += 1
            assert seen[2][BROKEN] and seen[1][BROKEN] == 0.0 and not seen[3][BROKEN]
            assert seen[4]["_final_obs"][BROKEN]
    assert lost >= 2  # and again after the autoreset, since the body is what it was


@ROWS_OF
def test_a_row_goes_on_after_it_diverged(body: str, arguments: dict[str, Any]) -> None:
    """Nothing is left of the disaster: the row does what one does that was only reset."""
    arguments = {**arguments, "terminate_when_unhealthy": False, "num_envs": 5}
    broken, whole = (Locomotion(body=body, **arguments) for _ in range(2))
    for env in (broken, whole):
        env.reset(seed=1)
    whole.action_space.seed(1)
    _huge_gear(broken.physics.models[BROKEN])
    for _ in range(30):
        actions = whole.action_space.sample()
        *_, infos = broken.step(actions)
        whole.step(actions)
        if infos["physics_diverged"][BROKEN]:
            break
    assert infos["physics_diverged"][BROKEN] and infos["trial_start"][BROKEN]
    broken.physics.models[BROKEN].actuator_gear[:] = broken.physics.nominal.actuator_gear
    whole.reset(options={"reset_mask": np.arange(5) == BROKEN})
    for _ in range(20):
        actions = whole.action_space.sample()
        seen, expected = broken.step(actions), whole.step(actions)
        for left, right in zip(seen[:4], expected[:4], strict=True):
            assert same_bits(left, right)


@BREAKS
def test_a_diverging_single_environment(break_it: Callable[[mujoco.MjModel], None]) -> None:
    env: Any = gym.make("meta/RandomHopper-v0")
    env.reset(seed=0)
    break_it(env.unwrapped.model)
    env.action_space.seed(0)
    for _ in range(100):
        observation, reward, terminated, _, info = env.step(env.action_space.sample())
        assert _finite(observation) and np.isfinite(reward)
        if terminated:
            break
    assert terminated and info["physics_diverged"] and reward == 0.0
    with pytest.raises(gym.error.ResetNeeded):
        env.unwrapped.step(np.ones(3, np.float32))
    assert _finite(env.reset()[0])
    assert np.abs(env.unwrapped.data.qpos).max() < 2


@pytest.mark.parametrize("contact_forces", [False, True])
@pytest.mark.parametrize("body", ["hopper", "humanoid"])
def test_results_do_not_depend_on_threads(body: str, contact_forces: bool) -> None:
    seen = []
    for threads in (1, 2, 3, None):
        env = Locomotion(
            body=body,
            randomization="rand_params_small",
            num_envs=50,
            threads=threads,
            contact_forces=contact_forces,
        )
        parts = [env.reset(seed=4)[0]]
        env.action_space.seed(4)
        for _ in range(15):
            parts += env.step(env.action_space.sample())[:4]
        seen.append(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
        env.close()
    assert seen[1:] == seen[:-1]


def test_closing_stops_threads_and_stepping_starts_them() -> None:
    env = Locomotion(body="hopper", num_envs=32, threads=2)
    env.reset(seed=0)
    before = threading.active_count()
    for _ in range(2):
        env.step(env.action_space.sample())
        assert threading.active_count() == before + 1
        env.physics.close()
        assert threading.active_count() == before
    env.close()


def test_what_was_returned_stays() -> None:
    env = Locomotion(body="ant", num_envs=16, contact_forces=True, max_episode_steps=3)
    kept = [env.reset(seed=0)[0]]
    copies = [kept[0].copy()]
    for _ in range(8):
        observations, rewards, *_, infos = env.step(env.action_space.sample())
        kept += [observations, rewards, infos["x_velocity"], infos.get("final_obs", rewards)]
        copies += [one.copy() for one in kept[-4:]]
        assert all(same_bits(one, other) for one, other in zip(kept, copies, strict=True))


def test_more_rows_than_memory_say_how_much_is_needed() -> None:
    model = load_model(BODIES["hopper"].file)
    needed = []
    for own_models in (False, True):
        with pytest.raises(MemoryError, match="num_envs=1000000000 rows of this body") as raised:
            Physics(model, 10**9, 4, own_models=own_models)
        said = re.search(r"need about ([\d.]+) GiB; this machine has [\d.]+ GiB", str(raised.value))
        assert said is not None
        needed.append(float(said[1]))
    assert 100_000 < needed[0] < needed[1] < 1_000_000
    assert Locomotion(body="hopper", num_envs=300).num_envs == 300


def test_too_many_rows_are_refused_before_anything_is_made() -> None:
    began = time.perf_counter()
    for id in ("meta/RandomHopper-v0", "meta/HalfCheetahVel-v0"):
        with pytest.raises(MemoryError, match="num_envs=1000000000 rows"):
            gym.make_vec(id, num_envs=10**9)
    assert time.perf_counter() - began < 5


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"threads": 0}, "threads=0"),
    ({"threads": -1}, "threads=-1"),
    ({"threads": 1.5}, "threads=1.5"),
    ({"frame_skip": 0}, "frame_skip=0"),
    ({"frame_skip": 2.5}, "frame_skip=2.5"),
    ({"timestep": 0.0}, "timestep=0.0"),
    ({"timestep": -0.01}, "timestep=-0.01"),
    ({"timestep": float("nan")}, "timestep=nan"),
    ({"gear": 0.0}, "gear=0.0"),
    ({"friction": -1.0}, "friction=-1.0"),
    ({"body": "horse"}, "body='horse' is unknown"),
    ({"goal": "sideways"}, "goal='sideways' is unknown"),
    ({"randomization": "wild"}, "randomization='wild' is unknown"),
    ({"source": "nobody"}, "source='nobody'"),
    ({"source": "epg"}, "source='epg'"),  # has no cheetah that runs forward
    ({"observation": ["qpos", "smell"]}, "observation part 'smell' is unknown"),
    ({"observation": ["qpos:x"]}, "observation part 'qpos:x'"),
    ({"observation": ["qpos:99"]}, "observation part 'qpos:99' is empty; this body has 9"),
    ({"observation": ["qpos:-1"]}, "observation part 'qpos:-1'"),
    ({"observation": ["qpos:0:0"]}, "observation part 'qpos:0:0'"),
    ({"observation": []}, "observation=[]"),
    ({"goal": "disc"}, "goal='disc' needs a body that moves in the plane"),
    ({"goal": "velocity", "goal_range": (2.0, 1.0)}, "goal_range=(2.0, 1.0)"),
    ({"goal": "velocity", "goal_range": (1.0,)}, "goal_range=(1.0,)"),
    ({"body": "ant", "goal": "disc", "goal_norm": "l3"}, "goal_norm='l3' is unknown"),
    ({"body": "ant", "goal": "disc", "sparse_radius": 0.0}, "sparse_radius=0.0"),
    ({"healthy_z_range": (1.0, 0.5)}, "healthy_z_range=(1.0, 0.5)"),
    ({"position_noise": -0.1}, "position_noise=-0.1"),
    ({"num_envs": 0}, "num_envs=0"),
    ({"split": "tets"}, "split='tets'"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda one: str(one))
def test_bad_arguments_are_refused_by_name(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Locomotion(**arguments)


@pytest.mark.parametrize(
    ("key", "value", "randomization"),
    [
        ("body_mass", -1.0, "epg"),
        ("body_mass", 0.0, "epg"),
        ("geom_size", 0.0, "epg"),
        ("geom_size", -0.5, "epg"),
        ("geom_friction", -1.0, "epg"),
        ("gravity", -1e6, "epg"),
        ("body_inertia", 0.0, "rand_params"),
        ("dof_damping", -1.0, "rand_params"),
        ("body_mass", np.nan, "epg"),
        ("body_mass", np.inf, "rand_params"),
    ],
)
def test_tasks_that_are_no_bodies_are_refused_by_name(
    key: str, value: float, randomization: str
) -> None:
    env = Locomotion(body="hopper", randomization=randomization, num_envs=2)
    env.reset(seed=0)
    task = {name: values[0].copy() for name, values in env.tasks.items()}
    task[key] = np.full_like(task[key], value)
    before = {name: values.copy() for name, values in env.tasks.items()}
    mass = env.physics.models[0].body_mass.copy()
    with pytest.raises(ValueError, match=re.escape(f"task['{key}']")):
        env.reset(options={"task": task})
    assert same_bits(before, dict(env.tasks))
    assert same_bits(mass, np.array(env.physics.models[0].body_mass))


def test_without_mujoco_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith("meta_envs.locomotion")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mujoco", None)  # makes `import mujoco` fail
    for make in (gym.make, gym.make_vec):
        with pytest.raises(ImportError, match=re.escape('pip install "metazoo[mujoco]"')):
            make("meta/RandomHopper-v0")
