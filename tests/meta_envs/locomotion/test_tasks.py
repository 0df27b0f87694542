"""What tasks do to bodies: every number counts, nothing compounds, derived numbers follow.

N rows.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import gymnasium as gym
import mujoco
import numpy as np
import pytest

import meta_envs
from meta_envs.core.tasks import Tasks, at, stack
from meta_envs.laws.case import same_bits
from meta_envs.locomotion.family import Locomotion
from meta_envs.locomotion.randomizations import write_task

# Bodies of random parameters: those of the registered ids.
COMBINED = sorted(
    {
        (card.kwargs["body"], card.kwargs["randomization"])
        for card in map(meta_envs.card, meta_envs.list_distributions())
        if card.family.endswith(":Locomotion") and "randomization" in card.kwargs
    }
)
RANDOM_BODIES = pytest.mark.parametrize(("body", "randomization"), COMBINED)
OPTIONS = ("gravity", "timestep")
STATISTICS = ("meaninertia", "meansize", "extent", "center")


def _make(body: str, randomization: str, num_envs: int = 1, **arguments: Any) -> Locomotion:
    return Locomotion(body=body, randomization=randomization, num_envs=num_envs, **arguments)


def _nominal_task(env: Locomotion) -> dict[str, np.ndarray]:
    nominal = env.physics.nominal
    ones = {one.key: np.ones(one.shape(nominal)) for one in env.quantities}
    if "gravity" in ones:
        ones["gravity"] = np.array(nominal.opt.gravity[2])
    return ones


def _numbers(model: mujoco.MjModel) -> dict[str, np.ndarray]:
    """Return every number of a model that stepping depends on."""
    named = {name: getattr(model, name) for name in dir(model) if not name.startswith("_")}
    numbers = {name: np.array(v) for name, v in named.items() if isinstance(v, np.ndarray)}
    numbers |= {name: np.array(getattr(model.opt, name)) for name in OPTIONS}
    return numbers | {name: np.array(getattr(model.stat, name)) for name in STATISTICS}


def _play(env: Locomotion, tasks: Tasks, steps: int) -> np.ndarray:
    """Step rows from one state with one series of actions: positions [T, N, nq]."""
    env.reset(seed=[5] * env.num_envs, options={"tasks": tasks})
    env.single_action_space.seed(5)
    seen = []
    for _ in range(steps):
        env.advance(np.repeat(env.single_action_space.sample()[None], env.num_envs, axis=0))
        seen.append(env.state["qpos"].copy())
    return np.array(seen)


@RANDOM_BODIES
def test_every_random_quantity_changes_the_dynamics(body: str, randomization: str) -> None:
    one = _make(body, randomization)
    nominal = _nominal_task(one)
    tasks = [nominal]
    for quantity in one.quantities:
        changed = np.full_like(nominal[quantity.key], quantity.high)
        tasks.append({**nominal, quantity.key: changed})
    rows = _make(body, randomization, len(tasks))
    seen = _play(rows, stack(tasks), 60)
    for quantity, apart in zip(one.quantities, _apart(seen), strict=True):
        assert apart > 1e-3, quantity.key


@RANDOM_BODIES
def test_the_mass_of_every_link_changes_the_dynamics(body: str, randomization: str) -> None:
    nominal = _nominal_task(_make(body, randomization))
    tasks = [nominal]
    for link in range(len(nominal["body_mass"])):
        changed = nominal["body_mass"].copy()
        changed[link] = 1.4
        tasks.append({**nominal, "body_mass": changed})
    rows = _make(body, randomization, len(tasks))
    assert (_apart(_play(rows, stack(tasks), 60)) > 1e-6).all()


def _apart(seen: np.ndarray) -> np.ndarray:
    """Return how far positions [T, N, nq] of each row but the first are from the first's."""
    return np.abs(seen[:, 1:] - seen[:, :1]).max(axis=(0, 2))


@RANDOM_BODIES
def test_the_nominal_task_is_the_nominal_body(body: str, randomization: str) -> None:
    env = _make(body, randomization, 2)
    other = at(env.sample_tasks(1, seed=0), 0)
    for task in (other, _nominal_task(env)):
        env.reset(options={"task": task})
    expected = _numbers(env.physics.nominal)
    for model in env.physics.models:
        seen = _numbers(model)
        # boxes that tell which geoms cannot touch; MuJoCo 3.3 rounds them another way
        np.testing.assert_allclose(seen.pop("bvh_aabb"), expected["bvh_aabb"], 0, 1e-15)
        seen["bvh_aabb"] = expected["bvh_aabb"]
        assert [name for name in expected if not same_bits(seen[name], expected[name])] == []


@RANDOM_BODIES
def test_setting_tasks_again_changes_nothing(body: str, randomization: str) -> None:
    once, often = _make(body, randomization, 2), _make(body, randomization, 2)
    tasks, others = (once.sample_tasks(2, seed=seed) for seed in (1, 2))
    for earlier in (tasks, others, tasks):
        _play(often, earlier, 3)
    assert same_bits(_play(often, tasks, 20), _play(once, tasks, 20))
    for again, model in zip(often.physics.models, once.physics.models, strict=True):
        left, right = _numbers(again), _numbers(model)
        assert [name for name in left if not same_bits(left[name], right[name])] == []
    unlike = _numbers(once.physics.models[1])["body_mass"]
    assert not same_bits(_numbers(once.physics.models[0])["body_mass"], unlike)
    assert all(model is not once.physics.nominal for model in once.physics.models)


def _compiled(env: Locomotion, task: dict[str, np.ndarray]) -> mujoco.MjModel:
    """Return what MuJoCo's compiler makes of the MJCF with the numbers of a task in it."""
    assets = Path(gym.__file__).parent / "envs" / "mujoco" / "assets"
    root = ElementTree.parse(assets / env.robot.file).getroot()
    edited = copy.copy(env.physics.nominal)
    for quantity in env.quantities:
        quantity.write(edited, env.physics.nominal, task[quantity.key])
    for name in OPTIONS:
        root.find("option").set(name, _text(getattr(edited.opt, name)))  # type: ignore[union-attr]
    compiler: Any = root.find("compiler")
    compiler.attrib.pop("settotalmass", None)
    compiler.set("inertiafromgeom", "auto")  # as the MJCF says, where it says something
    world: Any = root.find("worldbody")
    for body, element in enumerate([world, *world.iter("body")]):  # as they are numbered
        for index, geom in enumerate(element.findall("geom"), edited.body_geomadr[body]):
            geom.set("friction", _text(edited.geom_friction[index]))
            if body:
                geom.set("size", _text(edited.geom_size[index]))
        if body:
            inertial = ElementTree.SubElement(element, "inertial")
            inertial.set("mass", _text(edited.body_mass[body]))
            inertial.set("diaginertia", _text(edited.body_inertia[body]))
            inertial.set("pos", _text(edited.body_ipos[body]))
            inertial.set("quat", _text(edited.body_iquat[body]))
    return mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))


def _text(numbers: Any) -> str:
    return " ".join(repr(float(number)) for number in np.ravel(numbers))


DERIVED = (
    "geom_rbound geom_aabb bvh_aabb body_subtreemass body_invweight0 dof_invweight0 dof_M0 "
    "actuator_acc0 actuator_length0 tendon_length0 body_mass body_inertia geom_size geom_friction "
    "gravity timestep meaninertia"
).split()


@RANDOM_BODIES
def test_derived_numbers_are_those_of_the_compiler(body: str, randomization: str) -> None:
    env = _make(body, randomization)
    for seed in range(3):
        task = at(env.sample_tasks(1, seed=seed), 0)
        if "body_inertia" in task:  # the compiler refuses some of those the release draws
            task["body_inertia"][:] = task["body_inertia"][:, :1]
        env.reset(options={"task": task})
        seen, expected = _numbers(env.model), _numbers(_compiled(env, task))
        for name in DERIVED:
            np.testing.assert_allclose(seen[name], expected[name], 1e-9, 1e-9, err_msg=name)


def test_bounds_of_thicker_links_are_not_the_nominal_ones() -> None:
    env = _make("hopper", "epg")
    task = {**_nominal_task(env), "geom_size": np.full((4, 1), 2.0)}
    env.reset(options={"task": task})
    for name in ("geom_rbound", "geom_aabb", "bvh_aabb"):
        seen, nominal = (getattr(one, name)[1:] for one in (env.model, env.physics.nominal))
        assert np.abs(seen - nominal).max() > 0.03, name


def test_writing_by_hand_is_what_a_reset_does() -> None:
    env = _make("hopper", "epg")
    task = at(env.sample_tasks(1, seed=4), 0)
    env.reset(options={"task": task})
    model = _make("hopper", "epg").physics.models[0]
    write_task(model, mujoco.MjData(model), env.physics.nominal, env.quantities, task)
    left, right = _numbers(env.model), _numbers(model)
    assert [name for name in left if not same_bits(left[name], right[name])] == []


@pytest.mark.parametrize(
    ("body", "goal", "randomization"),
    [
        ("hopper", "forward", "epg"),
        ("walker2d", "velocity", "rand_params"),
        ("half_cheetah", "velocity", "none"),
        ("ant", "disc", "none"),
        ("ant", "half_circle", "none"),
        ("ant", "half_planes", "none"),
        ("ant", "heading", "none"),
        ("ant", "square", "none"),
    ],
)
def test_splits_are_disjoint_and_ood_is_outside(body: str, goal: str, randomization: str) -> None:
    made = {
        split: Locomotion(body=body, goal=goal, randomization=randomization, split=split)
        for split in _make(body, randomization, goal=goal).splits
    }
    assert ("ood" in made) == (goal not in ("heading", "square", "half_planes"))
    for split, env in made.items():
        for index in range(100):
            task = at(env.sample_tasks(1, seed=index), 0)
            member = {name for name in ("train", "test") if made[name].in_split(task)}
            assert member == ({split} if split in ("train", "test") else member)
            assert split == "all" or split == "ood" or len(member) == 1
            inside = [one.inside(task[one.key]) for one in env.quantities]
            if env.goal.has_ood:
                inside.append(env.goal.inside(task))
            assert inside == [split != "ood"] * len(inside)
