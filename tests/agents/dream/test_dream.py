"""DREAM: what is hidden, what passes from exploring to execution, what is learnt from what."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import DREAM, evaluate
from agents.core.nets.problems import ProblemCode
from agents.core.play.player import Player
from agents.core.play.view import RowsView, open_loop
from agents.dream.episodes import cut

ID = "meta/BusGrid-v0"
KWARGS = {"size": 5, "buses": 3, "steps": 6}


def small(**more: Any) -> DREAM:
    arguments: dict[str, Any] = {"n_envs": 6, "gradient_steps": 2, "batch_size": 8, "seed": 0}
    policy = {"hidden_size": 8, "latent_size": 3}
    return DREAM("GruPolicy", ID, env_kwargs=KWARGS, policy_kwargs=policy, **{**arguments, **more})


def code_of(id: str, **kwargs: Any) -> tuple[ProblemCode, Any]:
    venv: Any = gym.make_vec(id, num_envs=4, **kwargs)
    venv.reset(seed=0)
    return ProblemCode(venv.single_task_space, venv.start_shows), venv


def test_what_the_first_observation_shows_is_no_part_of_the_code():
    code, venv = code_of(ID, exploration_episodes=0)
    assert code.keys == ["problem"] and (code.size, code.categories) == (1, 24)
    found = code(venv.tasks, np.array([2, 0]))
    assert found.dtype == np.float32
    assert found[:, 0].tolist() == venv.tasks["problem"][[2, 0]].tolist()
    code, venv = code_of("meta/GridNavi-v0")  # x and y have categories of their own
    assert (code.size, code.categories) == (2, 10)
    assert (code(venv.tasks, np.arange(4)) == venv.tasks["goal"] + [0, 5]).all()
    code, venv = code_of("meta/BernoulliBandit-v0")
    assert code.categories == 0
    assert np.allclose(code(venv.tasks, np.arange(4)), venv.tasks["means"])


def test_problems_are_coded_by_their_parts_where_that_is_asked_for():
    venv: Any = gym.make_vec("meta/Cooking-v0", num_envs=6, split="all")
    venv.reset(seed=0)
    code = ProblemCode(venv.single_task_space, venv.start_shows, venv.unwrapped.problem_parts)
    assert (code.size, code.categories) == (3, 12)
    drawers = venv.unwrapped.drawers(venv.tasks["problem"])
    assert (code(venv.tasks, np.arange(6)) == drawers + [0, 4, 8]).all()
    kwargs = {"variant": "distracting", "split": "train"}
    agent = DREAM("GruPolicy", ID, env_kwargs=kwargs, n_envs=4, problem_parts=True, preset=None)
    assert (agent.code.size, agent.code.categories) == (8, 32)
    with pytest.raises(ValueError, match="does not say what its problems are made of"):
        DREAM("GruPolicy", "meta/DarkRoom-v0", n_envs=4, problem_parts=True)


def test_episodes_are_cut_where_they_end():
    agent = small()
    trials = agent._collect(lambda step: True)
    episodes = list(cut(trials, 1))
    explored = [fields for explores, fields in episodes if explores]
    executed = [fields for explores, fields in episodes if not explores]
    assert len(explored) == len(executed) == 6
    size = agent.policy.builder.observation_size
    for column, (first, second) in enumerate(zip(explored, executed, strict=True)):
        assert len(first["inputs"]) == 7  # six steps, and what they led to
        assert first["terminated"].tolist() == [0, 0, 0, 0, 0, 1, 0]
        count = len(second["inputs"]) - 1
        assert 6 + count == trials.mask[:, column].sum()
        whole = trials.rewards[:, column].sum().item()
        assert first["rewards"].sum() == 0.0 and second["rewards"].sum() == pytest.approx(whole)
        assert np.array_equal(first["inputs"][1:-1], trials.inputs[1:6, column].numpy())
        # the last input shows the last action; no start, although the episode ended
        actions = first["inputs"][-1, size:-2]
        assert actions.argmax() == first["actions"][-2] and first["inputs"][-1, -1] == 0.0
        assert (first["codes"] == second["codes"][0]).all()


def test_acting_infers_what_the_update_infers():
    agent = small()
    venv = gym.make_vec(ID, num_envs=4, **KWARGS)
    loop = open_loop(agent, venv, seed=3)
    player, shown = Player(venv, loop), []
    player.reset(5)
    loop.reset()
    for _ in range(6):
        player.step()
        shown.append(torch.as_tensor(loop.last["inputs"]))
    whole = torch.stack([*shown, loop.last["successors"]])
    with torch.no_grad():
        inferred, _ = agent.policy.inference(whole)
    assert torch.allclose(loop.latents, inferred[-1], atol=1e-6)
    before = loop.latents.clone()
    player.step()
    values, _ = agent.policy.execution(
        agent.policy.told(torch.as_tensor(loop.last["inputs"])[None], before)
    )
    assert torch.allclose(loop.last["params"], values[0], atol=1e-6)
    assert torch.equal(loop.latents, before)


def test_execution_sees_nothing_of_exploring_but_the_latent():
    policy = small().policy
    size = policy.builder.observation_size
    inputs = torch.rand(1, 2, policy.builder.size)
    inputs[..., :size], inputs[..., -1] = 0.5, 1.0  # equal observations; an episode starts
    told = policy.told(inputs, torch.zeros(2, 3))
    assert torch.equal(told[0, 0], told[0, 1])
    inputs[..., -1] = 0.0
    assert not torch.equal(*policy.told(inputs, torch.zeros(2, 3))[0])


def test_only_the_told_read_tasks():
    agent = small()
    venv = gym.make_vec(ID, num_envs=4, **KWARGS)
    loop = open_loop(agent, venv, seed=0)
    venv.reset(seed=0)
    with pytest.raises(PermissionError, match="read 'tasks'"):
        _ = loop.venv.tasks
    told = open_loop(agent.told(), venv, seed=0)
    player = Player(venv, told)
    player.reset(0)
    told.reset()
    for _ in range(7):
        player.step()
    problems = torch.from_numpy(venv.tasks["problem"]).float()[:, None]
    assert torch.equal(told.latents, agent.policy.latents(problems))
    view = RowsView(venv)
    half = agent._told_loop(view, 1, 0, told=np.array([True, False] * 2))
    view.show_tasks_to(half)
    half._begin(np.arange(4))
    assert half.latents.abs().sum(dim=1).gt(0).tolist() == [True, False] * 2


def test_freezing_ends_exploring_with_what_was_seen():
    venv = gym.make_vec(ID, num_envs=2, **KWARGS)
    loop = open_loop(small(), venv, seed=0)
    player = Player(venv, loop)
    player.reset(0)
    loop.reset()
    for _ in range(3):
        player.step()
    loop.freeze()
    assert not loop.exploring(np.arange(2)).any() and loop.latents.abs().sum() > 0
    before = loop.latents.clone()
    for _ in range(6):
        player.step()
    assert torch.equal(loop.latents, before)
    loop.reset()
    assert loop.exploring(np.arange(2)).all() and not loop.latents.any()


def test_slow_copies_follow_and_parts_learn_as_explore_says():
    for explore, still in (
        ("learnt", ()),
        ("uniform", ("exploration",)),
        ("none", ("exploration", "inference", "embedding")),
    ):
        agent = small(explore=explore, gradient_steps=1, tau=0.25)
        before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
        agent.learn(1, log_interval=None)
        after = agent.policy.state_dict()
        for part in ("exploration", "execution", "inference", "embedding"):
            names = [name for name in after if name.startswith(f"{part}.")]
            moved = any(not torch.equal(before[name], after[name]) for name in names)
            assert moved != (part in still), (explore, part)
        name = "execution.value.weight"
        follows = before[name] + 0.25 * (after[name] - before[name])
        assert torch.allclose(after[f"slow.{name}"], follows, atol=1e-7)


def test_gains_are_those_of_the_present_inference():
    agent = small(gradient_steps=1)
    agent.learn(1, log_interval=None)
    from agents.dream.episodes import draw

    episodes = draw(agent.exploring, 4, np.random.default_rng(0), "cpu")
    target = agent.policy.latents(episodes.codes)
    losses = []
    for factor in (1.0, 3.0):  # another inference: the same episodes pay something else
        inferred = factor * agent.policy.inference(episodes.inputs)[0]
        losses.append(agent.updater._exploration_loss(episodes, inferred, target).item())
    assert losses[0] != losses[1]


def test_uniform_actions_grow_rare():
    agent = small(exploration_fraction=0.5, exploration_final_eps=0.1)
    agent._total_timesteps = 100
    for steps, epsilon in ((0, 1.0), (25, 0.55), (50, 0.1), (90, 0.1)):
        agent.num_timesteps = steps
        assert agent.epsilon() == pytest.approx(epsilon)


def test_what_cannot_be_explored_is_refused():
    with pytest.raises(ValueError, match="leaves none of episodes_per_trial=2 to act in"):
        small(exploration_episodes=2)
    with pytest.raises(TypeError, match="takes Discrete spaces"):
        DREAM("GruPolicy", "meta/PointGoal-v0")
    with pytest.raises(ValueError, match="shows all of the task"):
        DREAM("GruPolicy", "meta/TMaze-v0", env_kwargs={"episodes_per_trial": 2})
    with pytest.raises(ValueError, match="explore='never' is unknown"):
        small(explore="never")
    agent = small()
    other = {**KWARGS, "variant": "distracting"}
    with pytest.raises(ValueError, match=r"144 categories; the agent embeds .* and 6"):
        agent.set_env(gym.make_vec(ID, num_envs=6, **other))
    agent.learn(1, log_interval=None)  # goes on with the old one


def test_an_evaluation_tells_exploring_apart():
    curve = evaluate(small(), ID, env_kwargs=KWARGS, num_tasks=6)
    assert curve.protocol["exploration_episodes"] == 1 and curve.mean()[0] == 0.0
    told = evaluate(small().told(), ID, env_kwargs=KWARGS, num_tasks=6)
    assert told.protocol["agent"] == "DREAM, told the problem"


def test_frames_are_kept_as_bytes_and_read_by_one_encoder():
    id, kwargs = "meta/SignNavigation-v0", {"width": 36, "height": 36, "steps": 3}
    arguments: dict[str, Any] = {"gradient_steps": 1, "batch_size": 3, "buffer_size": 40, "seed": 0}
    policy = {"hidden_size": 8, "latent_size": 3, "frame_features": 4}
    agent = DREAM("GruPolicy", id, env_kwargs=kwargs, n_envs=3, policy_kwargs=policy, **arguments)
    before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
    agent.learn(1, log_interval=None)
    assert agent.exploring.arrays["inputs"].dtype == np.uint8
    after = agent.policy.state_dict()
    assert any(not torch.equal(before[key], after[key]) for key in after if "frames." in key)
    venv = gym.make_vec(id, num_envs=1, **kwargs)
    loop = open_loop(agent, venv, seed=3)
    player, shown, over = Player(venv, loop), [], False
    player.reset(5)
    loop.reset()
    while not over:
        over = bool(player.step().ended[0])
        shown.append(torch.as_tensor(loop.last["inputs"]))
    whole = torch.stack([*shown, loop.last["successors"]])
    with torch.no_grad():
        inferred, _ = agent.policy.inference(agent.policy.features(whole))
    assert torch.allclose(loop.latents, inferred[-1], atol=1e-6)
    seen, size = agent.policy.features(whole), agent.policy.frame_size
    told = agent.policy.told(seen, torch.zeros(1, 3))
    assert torch.equal(told[0, :, :size], seen[0, :, :size])  # frames are seen at starts too
    assert 0.0 < agent.distance_left(1)
