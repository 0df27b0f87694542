"""Classic control: Gymnasium's steps at Gymnasium's constants and at others; tasks; pictures."""

from itertools import product
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

CART, PENDULUM, ACROBOT, CAR = (
    f"meta/Random{name}-v0" for name in ("CartPole", "Pendulum", "Acrobot", "MountainCar")
)
THEIRS = {
    CART: "CartPole-v1",
    PENDULUM: "Pendulum-v1",
    ACROBOT: "Acrobot-v1",
    CAR: "MountainCar-v0",
}
ATTRIBUTES = {  # of Gymnasium's environments
    CART: {"gravity": "gravity", "cart_mass": "masscart", "pole_mass": "masspole",
           "half_length": "length", "force": "force_mag"},
    PENDULUM: {"gravity": "g", "mass": "m", "length": "l"},
    ACROBOT: {"length_1": "LINK_LENGTH_1", "mass_1": "LINK_MASS_1", "mass_2": "LINK_MASS_2",
              "inertia": "LINK_MOI"},
    CAR: {"force": "force", "gravity": "gravity"},
}  # fmt: skip


def theirs(id_, task) -> Any:
    """Make Gymnasium's own environment, with the constants of a task."""
    env: Any = gym.make(THEIRS[id_])
    env.reset(seed=0)
    inside = env.unwrapped
    for key, attribute in ATTRIBUTES[id_].items():
        setattr(inside, attribute, float(task[key]))
    if id_ == CART:
        inside.total_mass = inside.masscart + inside.masspole
        inside.polemass_length = inside.masspole * inside.length
    elif id_ == ACROBOT:
        inside.LINK_COM_POS_1, inside.LINK_COM_POS_2 = (task[f"length_{n}"] / 2 for n in (1, 2))
    return env


def copy_state(venv, row, env):
    state = np.array([values[row] for values in venv.state.values()])
    env.unwrapped.state = state


def actions_for(id_, seen, random):
    drawn = random.random(len(seen))
    if id_ == CART:  # balances, with some noise
        return np.where(drawn < 0.02, drawn < 0.01, seen @ [0.02, 0.05, 1.0, 0.4] > 0).astype(int)
    if id_ == PENDULUM:
        return (6 * drawn[:, None] - 3).astype(np.float32)  # clipped at 2
    if id_ == CAR:  # rows 1, 3 drive out of the valley
        return np.where(np.arange(len(seen)) % 2, 2 * (seen[:, 1] >= 0), (3 * drawn).astype(int))
    return np.where(drawn < 0.1, (30 * drawn).astype(int), 2 * (seen[:, 5] > 0))  # swings up


@pytest.mark.parametrize("nominal", [True, False])
@pytest.mark.parametrize("id_", THEIRS)
def test_steps_are_gymnasiums(id_, nominal):
    """Also where episodes end, are cut and begin again; half of the rows at other constants."""
    rows, random = 4, np.random.default_rng(0)
    venv: Any = gym.make_vec(id_, num_envs=rows, nominal=nominal, split="all")
    seen, infos = venv.reset(seed=1)
    tasks = infos["task"]
    venv.set_tasks(tasks)
    seen, _ = venv.reset(seed=1)
    others = [theirs(id_, {key: values[row] for key, values in tasks.items()}) for row in range(4)]
    for row, env in enumerate(others):
        copy_state(venv, row, env)
    ends = np.zeros(2, dtype=int)
    for _ in range(620):
        actions = actions_for(id_, seen, random)
        seen, rewards, terminated, truncated, infos = venv.step(actions)
        ended = terminated | truncated
        mine = np.where(ended[:, None], infos.get("final_obs", seen), seen)
        played = [env.step(actions[row])[:4] for row, env in enumerate(others)]
        other, paid, *their_ends = map(np.array, zip(*played, strict=True))
        assert np.allclose(mine, other, rtol=1e-6, atol=1e-6)
        if id_ != ACROBOT or nominal:  # theirs ends at a height of 1 m whatever the lengths
            assert np.array_equal([terminated, truncated], their_ends)
            assert np.allclose(rewards, paid, rtol=1e-6, atol=1e-9)
        ends += [terminated.sum(), truncated.sum()]
        for row, env in enumerate(others):
            if ended[row]:
                env.reset()
            if ended[row] or id_ in (ACROBOT, PENDULUM):  # where rounding would grow
                copy_state(venv, row, env)
    if nominal:
        assert (ends > 0).tolist() == [id_ in (ACROBOT, CAR), id_ != ACROBOT]


@pytest.mark.parametrize("id_", THEIRS)
def test_the_nominal_task_is_the_only_one(id_):
    venv: Any = gym.make_vec(id_, num_envs=3, nominal=True)
    _, infos = venv.reset(seed=0)
    assert venv.splits == ("all",)
    assert len(venv.tasks_in_split) == 1
    env = gym.make(THEIRS[id_]).unwrapped
    for key, attribute in ATTRIBUTES[id_].items():
        assert infos["task"][key].tolist() == [getattr(env, attribute)] * 3
    other = gym.make_vec(id_, num_envs=3).sample_tasks(3, seed=0)
    venv.set_tasks(other)  # a pin may still name any task
    _, infos = venv.reset()
    assert all((infos["task"][key] == values).all() for key, values in other.items())
    with pytest.raises(ValueError, match="nominal='yes' must be True or False"):
        gym.make(id_, nominal="yes")


def test_full_throttle_leaves_the_valley_in_every_task():
    limits = gym.make(CAR).unwrapped.task_space.spaces
    corners = [
        {"force": force, "gravity": gravity}
        for force, gravity in product(*((box.low, box.high) for box in limits.values()))
    ]
    rows = 32 * len(corners)
    venv: Any = gym.make_vec(CAR, num_envs=rows, max_episode_steps=None)
    venv.set_tasks(corners * 32)
    seen, _ = venv.reset(seed=0)
    steps = np.zeros(rows, dtype=int)
    for step in range(1, 201):
        seen, *_, infos = venv.step(np.where(seen[:, 1] >= 0, 2, 0))
        steps[(steps == 0) & infos["success"]] = step
    assert steps.min() > 40
    assert (steps > 0).all()


def test_a_state_that_no_step_reaches_is_refused():
    venv: Any = gym.make_vec(PENDULUM, num_envs=2)
    venv.reset(seed=0)
    state = venv.get_state()
    state["state.spin"][1] = 9
    with pytest.raises(ValueError, match=r"state\['state.spin'\]\[1\]=9.0 must be from -8.0 to 8"):
        venv.set_state(state)


@pytest.mark.parametrize("id_", THEIRS)
def test_pictures_show_the_scene_and_the_task(id_):
    env: Any = gym.make(id_, render_mode="rgb_array")
    env.reset(seed=0)
    seen = [env.render()]
    for action in (0, 1):
        env.step(np.full(1, action + 1, np.float32) if id_ == PENDULUM else action)
        seen.append(env.render())
    task = env.unwrapped.task
    for key in task:
        env.reset(seed=0, options={"task": {**task, key: env.unwrapped.task_space[key].high}})
        seen.append(env.render())
    assert len({picture.tobytes() for picture in seen}) == len(seen)
    assert len({picture.shape for picture in seen}) == 1
