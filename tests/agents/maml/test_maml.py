"""The agents: their inner loop, resume, what they accept and refuse."""

import inspect
import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

import agents
from agents import EMAML, FOMAML, MAML, MetaSGD, ProMP, Reptile, Step, evaluate
from agents.core.nets.mlp import PerTaskPolicy
from agents.maml.episodes import Episodes
from tests.agents.maml import toys  # noqa: F401  registers toy/Push-v0

ID = "toy/Push-v0"
FAMILY = [MAML, FOMAML, EMAML, ProMP, MetaSGD, Reptile]
SMALL = {"n_envs": 12, "rows_per_task": 3, "policy_kwargs": {"net_arch": (8,)}, "seed": 3}


def make(algorithm=MAML, env=ID, **kwargs):
    return algorithm("MlpPolicy", env, **{**SMALL, **kwargs})


@pytest.mark.parametrize(
    ("estimator", "outer"), [("logp", "trpo"), ("lvc", "ppo"), ("dice", "trpo")]
)
def test_it_learns_to_learn_which_way_to_push(estimator, outer):
    """Knowing nothing earns 0; a learner that is told once can come near 4."""
    settings = {"n_envs": 200, "rows_per_task": 10, "inner_lr": 1.0, "learning_rate": 1e-2}
    agent = make(estimator=estimator, outer=outer, **settings).learn(24_000)
    curve = evaluate(agent, ID, num_tasks=40, episodes=2, rows_per_task=10).mean()
    assert abs(curve[0]) < 0.8 and curve[1] > 2.0


def test_training_adapts_as_evaluation_does():
    """The same loop with the same seeds: an iteration's rounds are an evaluation's episodes."""
    agent = make(env_kwargs={"lengths": True}, inner_steps=2)
    venv = gym.make_vec(ID, num_envs=12, lengths=True)
    from agents.maml.rounds import RoundCollector

    loop = agent.inner_loop(venv, 3, seed=5, keep=True)
    played = RoundCollector(venv, loop, 3, lambda step: True).collect(7, 11, 3)
    rounds = loop.rounds()
    assert len(rounds) == 3 and [part.num_tasks for part in rounds] == [4, 4, 4]
    for number, part in enumerate(rounds):
        returns = part.rewards.sum(dim=2).reshape(-1).numpy()
        np.testing.assert_allclose(returns, played.played.returns[:, number], rtol=1e-5)
        lengths = part.mask.sum(dim=2).reshape(-1).numpy()
        np.testing.assert_array_equal(lengths, played.played.lengths[:, number])
    # replaying the outer loop's chain gives the very policies that played
    replay = agent.learner.replay(rounds)
    torch.testing.assert_close(
        replay.params * rounds[-1].mask[..., None], rounds[-1].params * rounds[-1].mask[..., None]
    )
    assert not torch.allclose(rounds[0].params[0, 0, 0], rounds[2].params[0, 0, 0])


@pytest.mark.parametrize("rows_per_task", [1, 4])
def test_an_evaluation_does_not_depend_on_its_chunks(rows_per_task):
    agent = make(env_kwargs={"lengths": True}).learn(200)
    settings = {"num_tasks": 6, "episodes": 3, "env_kwargs": {"lengths": True}}
    curves = [
        evaluate(agent, ID, rows_per_task=rows_per_task, num_envs=num_envs, **settings)
        for num_envs in (4, 24)
    ]
    np.testing.assert_allclose(curves[0].row_returns, curves[1].row_returns, rtol=1e-4, atol=1e-4)


def test_rows_of_a_task_share_parameters_and_a_reset_forgets_them():
    agent = make(inner_lr=1.0)
    venv = gym.make_vec(ID, num_envs=4)
    loop = agent.inner_loop(venv, 2, seed=0)
    start = {name: part.clone() for name, part in loop.parameters.items()}
    play(loop, venv, episodes=2)
    assert loop.steps.tolist() == [1, 1]
    weight = loop.parameters["head.means.weight"]
    assert not torch.equal(weight[0], weight[1])
    assert not torch.equal(weight[0], start["head.means.weight"][0])
    loop.reset(np.array([2, 3]))
    assert torch.equal(loop.parameters["head.means.weight"][1], start["head.means.weight"][1])
    assert not torch.equal(loop.parameters["head.means.weight"][0], start["head.means.weight"][0])
    assert loop.steps.tolist() == [1, 0]


def test_freezing_takes_the_step_that_is_due_and_none_after():
    agent = make()
    venv = gym.make_vec(ID, num_envs=4)
    loop = agent.inner_loop(venv, 2, seed=0)
    play(loop, venv, episodes=1)
    assert loop.steps.tolist() == [0, 0], "nothing is learnt before it is of use"
    loop.freeze()
    assert loop.steps.tolist() == [1, 1]
    frozen = {name: part.clone() for name, part in loop.parameters.items()}
    play(loop, venv, episodes=2)
    assert all(torch.equal(part, frozen[name]) for name, part in loop.parameters.items())
    loop.reset()
    play(loop, venv, episodes=2)
    assert loop.steps.tolist() == [1, 1], "a reset undoes it"


def play(loop, venv, episodes, seed=1):
    shown, _ = venv.reset(seed=seed)
    for _ in range(4 * episodes):
        action = loop.act(shown)
        following, reward, terminated, truncated, infos = venv.step(action)
        loop.observe(Step(shown, action, reward, terminated, truncated, following, infos))
        shown = following


def test_later_steps_are_shorter_by_the_factor():
    before = {}
    for factor in (1.0, 0.25):
        agent = make(later_inner_lr=factor, inner_lr=0.5)
        venv = gym.make_vec(ID, num_envs=2)
        loop = agent.inner_loop(venv, 2, seed=0)
        play(loop, venv, episodes=1)
        loop.learn_now()
        first = loop.parameters["head.means.bias"].clone()
        play(loop, venv, episodes=1)
        loop.learn_now()
        before[factor] = loop.parameters["head.means.bias"] - first
    torch.testing.assert_close(before[0.25], before[1.0] * 0.25, rtol=1e-3, atol=1e-6)


def test_meta_sgd_warns_of_steps_it_was_not_trained_for():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(make(MetaSGD), ID, num_tasks=2, episodes=2, rows_per_task=2)
        evaluate(make(MAML), ID, num_tasks=2, episodes=4, rows_per_task=2)
    with pytest.warns(UserWarning, match="gradient step 2.*may diverge.*at most 2 episodes"):
        evaluate(make(MetaSGD), ID, num_tasks=2, episodes=3, rows_per_task=2)


# ---- unusual input -------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", FAMILY)
@pytest.mark.parametrize(
    "kwargs",
    [
        {"rows_per_task": 1, "n_envs": 4},
        {"rows_per_task": 1, "n_envs": 4, "env_kwargs": {"lengths": True}},
        {"env_kwargs": {"lengths": True}},
        {"env_kwargs": {"flat": True}},
        {"env_kwargs": {"flat": True, "lengths": True, "discrete": True}},
        {"env_kwargs": {"discrete": True, "blind": True}},
        {"inner_steps": 3, "estimator": "dice"},
        {"rows_per_task": 1, "n_envs": 1},
    ],
)
def test_odd_batches_are_learnt_from_without_nan(algorithm, kwargs):
    agent = make(algorithm, **kwargs)
    agent.learn(9 * agent.n_envs)  # an iteration is two episodes of at most 4 steps: two of them
    for name, state in agent.get_parameters().items():
        if name != "policy.optimizer":
            assert all(torch.isfinite(part).all() for part in state.values())
    settings = {"env_kwargs": kwargs.get("env_kwargs"), "rows_per_task": agent.rows_per_task}
    curve = evaluate(agent, ID, num_tasks=3, episodes=2, **settings)
    assert np.isfinite(curve.returns).all()


def test_returns_that_are_all_equal_teach_nothing():
    """Neither within a task nor outside: what a baseline leaves of them is not blown up."""
    for rows in (1, 3):
        settings = {"rows_per_task": rows, "env_kwargs": {"flat": True}}
        for algorithm in (MAML, ProMP):
            agent = make(algorithm, inner_kl_coef=0.0, **settings)
            start = {name: part.clone() for name, part in agent.policy.state_dict().items()}
            agent.learn(100)
            assert all(
                torch.equal(part, start[name]) for name, part in agent.policy.state_dict().items()
            )


def test_advantages_tell_rewards_apart_however_little_they_differ():
    rewards = 1 + torch.tensor([[[0.0, 0], [0, 1e-3]], [[0, 0], [0, 0]]])
    blank, mask = torch.zeros(2, 2, 2, 1), torch.ones(2, 2, 2)
    nothing = blank[..., 0]
    bare = Episodes(blank, blank, blank, nothing, rewards, mask, nothing)
    found = bare.with_advantages(0.99, 1.0).advantages
    assert found[0].std() > 0.5 and (found[1] == 0).all()


def test_no_inner_step_trains_one_policy_for_all_tasks():
    agent = make(inner_steps=0).learn(500)
    assert agent.num_timesteps == 12 * 4 * 11  # one round of 12 rows an iteration
    assert "rollout/ep2_rew_mean" not in agent.logger.name_to_value
    curve = evaluate(agent, ID, num_tasks=3, episodes=2, rows_per_task=3)
    assert np.isfinite(curve.returns).all(), "it can be fine-tuned all the same"


class Running(PerTaskPolicy):
    """With statistics that tasks would share."""

    def __init__(self, *spaces, **kwargs):
        super().__init__(*spaces, **kwargs)
        self.norm = nn.BatchNorm1d(8)


def test_running_statistics_are_refused():
    with pytest.raises(ValueError, match="running statistics.*norm.running_mean.*LayerNorm"):
        MAML(Running, ID, **SMALL)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"rows_per_task": 5}, "rows_per_task=5 does not divide n_envs=12.*n_envs=2"),
        ({"estimator": "reinforce"}, r"estimator='reinforce' is unknown.*'logp', 'lvc', 'dice'"),
        ({"outer": "sgd"}, r"outer='sgd' is unknown.*'trpo', 'ppo', 'reptile'"),
        ({"inner_lr_shape": "layer"}, "inner_lr_shape='layer'"),
        ({"inner_steps": -1}, "inner_steps=-1 must be at least 0"),
        ({"n_epochs": 0}, "n_epochs=0"),
        ({"gamma": 1.1}, "gamma=1.1"),
        ({"outer": "reptile", "inner_steps": 0}, "needs inner_steps"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
    ],
)
def test_arguments_out_of_range_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_an_inner_loop_refuses_other_spaces_and_rows():
    with pytest.raises(ValueError, match="trained on"):
        make().inner_loop(gym.make_vec(ID, num_envs=2, discrete=True))
    with pytest.raises(ValueError, match="rows_per_task=2 does not divide num_envs=3"):
        make().inner_loop(gym.make_vec(ID, num_envs=3), rows_per_task=2)


def test_image_observations_are_refused_with_what_to_do():
    with pytest.raises(TypeError, match="flatten them"):
        PerTaskPolicy(gym.spaces.Box(0, 255, (8, 8, 3), np.uint8), gym.spaces.Discrete(2))


# ---- SB3's contract ------------------------------------------------------------------------------


def test_the_family_differs_from_maml_by_what_its_papers_say():
    assert make(FOMAML).settings["first_order"] and not make(MAML).settings["first_order"]
    assert make(EMAML).settings["exploration_coef"] == 1.0
    promp = make(ProMP)
    assert (promp.settings["estimator"], promp.settings["outer"]) == ("lvc", "ppo")
    assert promp.applied["outer"] == "default" and make(ProMP, outer="trpo").outer == "trpo"
    rates = sum(part.numel() for part in make(MetaSGD).learner.rates.parameters())
    assert rates == sum(part.numel() for part in make(MetaSGD).policy.parameters())
    assert make(Reptile).settings["outer"] == "reptile"
    for algorithm in FAMILY:
        assert "Args:" in algorithm.__doc__ and algorithm.__name__ in agents.__all__
        assert list(inspect.signature(algorithm).parameters)[:2] == ["policy", "env"]


def test_meta_sgd_learns_its_rates_and_promp_does_not():
    for algorithm, learns in ((MetaSGD, True), (ProMP, False)):
        agent = make(algorithm, learning_rate=1e-2)
        start = [part.clone() for part in agent.learner.rates.parameters()]
        agent.learn(200)
        moved = [
            not torch.equal(part, old)
            for part, old in zip(agent.learner.rates.parameters(), start, strict=True)
        ]
        assert any(moved) == learns


def test_predict_acts_with_the_initial_parameters():
    agent = make()
    shown = np.zeros((3, 1), np.float32)
    actions, state = agent.predict(shown, deterministic=True)
    assert actions.shape == (3, 1) and state is None
    single, _ = agent.predict(shown[0], deterministic=True)
    np.testing.assert_allclose(single, actions[0])
    loop = agent.inner_loop(gym.make_vec(ID, num_envs=3), seed=0)
    np.testing.assert_allclose(loop.act(shown, deterministic=True), actions, rtol=1e-6)
    sampled, _ = agent.predict(shown)
    assert len(np.unique(sampled)) == 3


def test_callbacks_stop_and_the_log_has_a_figure_for_every_round():
    agent = make(inner_steps=2)
    seen = {}
    dump = agent.logger.dump if hasattr(agent, "_logger") else None
    assert dump is None
    agent.learn(400, log_interval=10_000)
    seen.update(agent.logger.name_to_value)
    for name in ("ep1_rew_mean", "ep2_rew_mean", "ep3_rew_mean", "ep_len_mean"):
        assert f"rollout/{name}" in seen
    assert {"train/approx_kl", "train/loss", "time/total_timesteps"} <= seen.keys()
    steps = agent.num_timesteps
    agent.learn(400, callback=lambda *_: False, reset_num_timesteps=False)
    assert agent.num_timesteps == steps, "the iteration never was"
