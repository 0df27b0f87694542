"""Meta-World's ids: arguments, seeds, rows, states, experts, pictures."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401  registers the ids
from meta_envs.laws.case import same_bits
from meta_envs.manipulation import benchmarks

pytest.importorskip("metaworld")
ML10 = "meta/ML10-v0"


def _actions(rows, steps, seed=0):
    drawn = np.random.default_rng(seed).uniform(-1, 1, (steps, rows, 4))
    return drawn.astype(np.float32)


@pytest.mark.parametrize(
    ("id", "arguments", "said"),
    [
        ("meta/ML1-v0", {"task_name": "pick-plaice-v3"}, "did you mean 'pick-place-v3'"),
        ("meta/ML1-v0", {"task_name": None}, "ML1 needs a task_name"),
        (ML10, {"task_name": "reach-v3"}, "is for ML1; ML10 has its own list"),
        (ML10, {"reward_version": "v3"}, "allowed are 'v2', 'v1'"),
        (ML10, {"goals_seed": -1}, "goals_seed=-1"),
        (ML10, {"split": "trian"}, "did you mean 'train'"),
    ],
)
def test_bad_arguments_are_answered_with_what_there_is(id, arguments, said):
    with pytest.raises(ValueError, match=said):
        gym.make(id, **arguments)


def test_bad_rows_and_threads_are_refused():
    with pytest.raises(ValueError, match="rows='asink' is unknown.*did you mean 'async'"):
        gym.make_vec(ML10, num_envs=2, rows="asink")
    for rows in (None, "async"):
        with pytest.raises(ValueError, match="threads=0 must be an integer from 1 to 1024"):
            gym.make_vec(ML10, num_envs=2, rows=rows, threads=0)
    with pytest.raises(ValueError, match="num_envs='2' must be an integer of at least 1"):
        gym.make_vec(ML10, num_envs="2")
    with pytest.raises(MemoryError, match=r"num_envs=10{8} rows .* need .* keep at most \d+"):
        gym.make_vec(ML10, num_envs=10**8)


def test_tasks_of_other_benchmarks_and_goals_that_are_none_are_refused():
    env = gym.make(ML10).unwrapped
    hammer = {"environment": benchmarks.NAMES.index("hammer-v3"), "goal": [0, 0.45, 0, 0, 0, 0]}
    with pytest.raises(ValueError, match=r"\(hammer-v3\) is not of this benchmark"):
        env.set_task(hammer)
    reach = {"environment": benchmarks.NAMES.index("reach-v3")}
    with pytest.raises(ValueError, match=r"reach-v3 has goal\[0\] in \[-0.1, 0.1\]"):
        env.set_task({**reach, "goal": [0.15, 0.65, 0.02, 0, 0.85, 0.1]})
    env.set_task({**reach, "goal": [0.05, 0.65, 0.02, 0, 0.85, 0.1]})  # any place is a task


def test_another_mujoco_than_metaworld_pins_is_refused_unless_asked_for(monkeypatch):
    from meta_envs.manipulation import upstream

    pinned = upstream._pinned()
    assert pinned is not None
    monkeypatch.setattr(upstream.mujoco, "__version__", "9.9.9")
    with pytest.raises(ImportError, match=rf"mujoco 9.9.9 is installed.*made for mujoco {pinned}"):
        gym.make(ML10)
    gym.make(ML10, any_mujoco=True).reset(seed=0)


def test_any_number_of_rows_is_played_and_seeds_are_honoured():
    venv = gym.make_vec(ML10, num_envs=7)  # upstream wants a multiple of ten
    first, infos = venv.reset(seed=3)
    venv.reset(seed=4)
    again, same = venv.reset(seed=3)
    assert same_bits(first, again) and same_bits(infos["task"], same["task"])
    assert len(np.unique(infos["task"]["environment"])) > 1
    venv.close()


def test_rows_do_not_depend_on_their_number_or_on_threads():
    actions = _actions(5, 30)
    wide = gym.make_vec(ML10, num_envs=5, threads=2, max_episode_steps=12)
    wide.reset(seed=20)
    seen = [wide.step(action)[:2] for action in actions]
    for row in (0, 3):
        narrow = gym.make_vec(ML10, num_envs=1, threads=1, max_episode_steps=12)
        narrow.reset(seed=20 + row)
        for action, (observations, rewards) in zip(actions, seen, strict=True):
            shown, paid, *_ = narrow.step(action[row : row + 1])
            assert same_bits(shown[0], observations[row]) and paid[0] == rewards[row]
        narrow.close()
    wide.close()


def test_upstreams_rows_play_as_batched_ones_do():
    actions = _actions(3, 15)
    tasks = None
    seen = {}
    for rows in (None, "sync", "async"):
        venv = gym.make_vec(ML10, num_envs=3, rows=rows, max_episode_steps=6)
        tasks = venv.sample_tasks(3, seed=1) if tasks is None else tasks
        venv.reset(seed=0, options={"tasks": tasks})
        seen[rows] = [venv.step(action) for action in actions]
        if rows is not None:
            with pytest.raises(NotImplementedError, match="metaworld's own environments"):
                venv.get_state()
        venv.close()
    for steps in zip(*seen.values(), strict=True):
        for other in steps[1:]:
            assert np.abs(steps[0][0] - other[0]).max() <= 1e-9
            # before NumPy 2 upstream computes in float64 what is float32 since
            assert np.abs(steps[0][1] - other[1]).max() <= 1e-6
            assert np.array_equal(steps[0][4]["success"], other[4]["success"])


def test_states_of_batched_rows_are_gone_on_from():
    actions = _actions(4, 25)
    tasks = gym.make(ML10).unwrapped.rows.sample_tasks(4, seed=2)
    venv, other = (gym.make_vec(ML10, num_envs=4, max_episode_steps=15) for _ in range(2))
    venv.reset(seed=0, options={"tasks": tasks})
    for action in actions[:10]:
        venv.step(action)
    state = venv.get_state()
    expected = [venv.step(action)[:2] for action in actions[10:]]
    other.set_state(state)
    assert same_bits(
        dict(enumerate(map(np.asarray, sum(expected, ())))),
        dict(enumerate(np.asarray(x) for action in actions[10:] for x in other.step(action)[:2])),
    )
    venv.close(), other.close()


@pytest.mark.filterwarnings("ignore:Constant")
def test_the_expert_sees_the_goal_that_observations_hide():
    env = gym.make("meta/ML1-v0", task_name="reach-v3", split="test")
    observation, info = env.reset(seed=1)
    assert not observation[-3:].any()
    solved = 0.0
    for _ in range(120):
        action = env.unwrapped.expert(observation, info["task"])
        assert env.action_space.contains(action)
        observation, _, terminated, _, told = env.step(action)
        solved = max(solved, told["success"])
        assert not terminated
    assert solved == 1.0


def test_a_picture_shows_the_row_and_changes_nothing():
    venv, plain = (gym.make_vec(ML10, num_envs=2, render_mode=mode) for mode in ("rgb_array", None))
    for one in (venv, plain):
        one.reset(seed=5)
    for action in _actions(2, 4):
        pictures = venv.render()
        assert pictures[0].dtype == np.uint8 and pictures[0].std() > 5
        assert same_bits(venv.step(action)[0], plain.step(action)[0])
    venv.close(), plain.close()


@pytest.mark.parametrize("name", ["reach-v3", "door-lock-v3", "hammer-v3"])
def test_a_picture_without_opengl_shows_the_whole_arm_and_the_goal(name):
    from meta_envs.manipulation import pictures, upstream
    from meta_envs.physics.outlines import outline
    from meta_envs.physics.planar_picture import HEIGHT, WIDTH, Marks, draw_body
    from meta_envs.pictures.drawing import RED

    beginning = upstream.begin(name, benchmarks.goals("ML1", name, 0)["train"][0][1][0])
    model, data = upstream.original(name).posed(
        beginning.state, beginning.body_pos, beginning.site_pos
    )
    view = pictures.view()

    def pixels(places, near=0.0):  # near: how much larger what is nearer than the middle looks
        right, up, towards = view.axes @ (np.atleast_2d(places) - view.middle(data)).T
        scale = view.scale / (1 - near * towards)
        return np.stack([WIDTH / 2 + right * scale, HEIGHT / 2 - up * scale], axis=1)

    arm = [
        geom
        for geom, body in enumerate(model.geom_bodyid)
        if (part := model.body(int(body)).name).startswith(("right_", "torso", "head", "screen"))
        or part in ("hand", "rightclaw", "leftclaw")
    ]
    places = np.concatenate([outline(model, data, geom).places for geom in arm])
    for near in (0.0, 2 * np.tan(np.radians(22.5)) * WIDTH / HEIGHT / view.span):  # OpenGL's
        shown = pixels(places, near)
        assert (shown > 0).all() and (shown < (WIDTH, HEIGHT)).all()
    target = tuple(beginning.target)
    across, down = pixels(target)[0].astype(int)
    picture = draw_body(model, data, None, Marks(target=target), view)
    assert np.array_equal(picture[down, across], RED)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20  # many colours, not all blue
