"""VariBAD as an agent: gradients, beliefs, the buffer, checkpoints, evaluation."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import Step, VariBAD
from agents.core.play.trials import TrialCollector
from agents.varibad.experience import TrialBuffer, transitions_of
from meta_envs.wrappers import TrialWrapper
from tests.agents import toys  # noqa: F401  registers toy/...

torch.set_num_threads(1)

ID, GRID = "toy/Lengths-v0", "meta/GridNavi-v0"
SMALL = {
    "n_envs": 4,
    "batch_size": 2,
    "n_epochs": 2,
    "vae_updates": 2,
    "vae_batch_size": 3,
    "vae_buffer_size": 8,
    "policy_kwargs": {"hidden_size": 8, "embedding_sizes": (8,), "net_arch": (8,)},
    "decoder_sizes": (8,),
    "seed": 3,
}


def make(env=ID, **kwargs):
    return VariBAD("BeliefPolicy", env, **{**SMALL, **kwargs})


def collected(agent, n_trials=1, seed=0):
    loop = agent.inner_loop(agent.venv, seed=1)
    collector = TrialCollector(agent.venv, n_trials, with_tasks=True)
    return collector.collect(loop, seed, lambda count: True)


# ---- checkpoints ---------------------------------------------------------------------------------


# ---- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize("through", [False, True])
def test_the_policys_loss_moves_the_encoder_only_if_asked(through):
    agent = make(rl_loss_through_encoder=through)
    batch = agent.prepare(collected(agent), 0.9)
    agent.update.loss(batch, 0.0)[0].backward()
    assert all(parameter.grad is not None for parameter in agent.policy.acting_parameters())
    moved = [parameter.grad is not None for parameter in agent.policy.encoder.parameters()]
    assert all(moved) if through else not any(moved)


def test_the_bound_moves_encoder_and_decoders_and_not_the_policy():
    agent = make(state_coef=1.0, task_coef=1.0)
    trials = transitions_of(collected(agent), agent.policy.builder)
    agent.vae_loss(trials, torch.Generator().manual_seed(0))[0].backward()
    for network in (agent.policy.encoder, agent.decoders):
        assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in agent.policy.acting_parameters())


def test_policy_and_belief_have_optimisers_of_their_own():
    agent = make()
    policy, vae = (
        {id(p) for group in optimizer.param_groups for p in group["params"]}
        for optimizer in (agent.optimizer, agent.vae_optimizer)
    )
    assert not policy & vae
    assert policy == set(map(id, agent.policy.acting_parameters()))


def test_the_beliefs_of_an_update_are_those_of_acting():
    agent = make().learn(100)
    trials = collected(agent, n_trials=2)
    params, values = agent.policy(trials.inputs)
    played = trials.mask > 0
    np.testing.assert_allclose(params[played].detach(), trials.params[played], atol=1e-5)
    np.testing.assert_allclose(values[played].detach(), trials.values[played], atol=1e-5)
    assert float(agent.policy.reward_scale) == 1.0


@pytest.mark.parametrize("through", [False, True])
def test_observations_are_standardised_by_the_raw_ones(through):
    kwargs = {"hidden_size": 8, "normalize_observation": True}
    agent = make(policy_kwargs=kwargs, rl_loss_through_encoder=through)
    seen = []
    for _ in range(2):
        trials = collected(agent, seed=agent.iteration)
        seen.append(trials.inputs[..., :1][trials.mask > 0])
        agent._total_timesteps = 1
        agent.train(trials)
    every = torch.cat(seen).double()
    count, mean, variance = agent.policy.standardise.moments
    assert float(count) == len(every)
    np.testing.assert_allclose(mean, every.mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance, every.var(0, unbiased=False), rtol=1e-6)


@pytest.mark.parametrize("through", [False, True])
def test_the_policy_sees_beliefs_in_units_of_their_deviation(through):
    kwargs = {"hidden_size": 8, "normalize_belief": True}
    agent = make(policy_kwargs=kwargs, rl_loss_through_encoder=through)
    agent.learn(200)
    policy = agent.policy
    with torch.no_grad():
        for parameter in policy.encoder.parameters():
            parameter.mul_(3.0)  # beliefs that no policy was made for
    trials = collected(agent)
    moments = policy.standardise_belief.moments
    policy.standardise_belief.moments.copy_(torch.zeros_like(moments))
    policy.after_iteration(trials.inputs, trials.mask)
    beliefs = policy.condition(trials.inputs)[trials.mask > 0][:, -2 * policy.latent_size :]
    np.testing.assert_allclose(beliefs.detach().mean(0), 0.0, atol=1e-4)
    np.testing.assert_allclose(beliefs.detach().std(0, unbiased=False), 1.0, atol=1e-2)
    trials = collected(agent, seed=7)  # acting, and the loss, see the same
    params, _ = policy(trials.inputs)
    played = trials.mask > 0
    np.testing.assert_allclose(params[played].detach(), trials.params[played], atol=1e-4)


# ---- experience ----------------------------------------------------------------------------------


def test_transitions_show_each_step_with_its_reward_and_the_true_successor():
    agent = make()
    trials = collected(agent, n_trials=2)
    data = transitions_of(trials, agent.policy.builder)
    for column in range(trials.mask.shape[1]):
        played = int(trials.mask[:, column].sum())
        length = played // 3  # three episodes of the task's length
        clock = torch.arange(played) % length
        assert data.before[:played, column, 0].tolist() == clock.tolist()
        assert data.after[:played, column, 0].tolist() == (clock + 1).tolist()
        assert data.rewards[:played, column].tolist() == (clock + 1).tolist()
        assert (data.tasks[:played, column].argmax(-1) + 1 == length).all()
        last = torch.arange(played) == played - 1
        starts = (clock == length - 1) & ~last
        assert data.inputs[:played, column, -1].tolist() == starts.float().tolist()
        shown = torch.where(starts, 0, clock + 1)  # a start instead of the end it follows
        assert data.inputs[:played, column, 0].tolist() == shown.tolist()
        np.testing.assert_array_equal(data.inputs[:played, column, -2], clock + 1)
        for part in (data.inputs, data.before, data.after, data.rewards, data.actions):
            assert (part[played:, column] == 0).all()


def test_encoder_and_policy_read_the_same_past():
    agent = make().learn(100)
    trials = collected(agent)
    data = transitions_of(trials, agent.policy.builder)
    mean, log_variance = agent.policy.posteriors(data.inputs, data.before)
    features = agent.policy.condition(trials.inputs)
    beliefs = torch.cat([mean, log_variance], dim=-1)[: len(features)]
    played = trials.mask > 0
    np.testing.assert_allclose(
        features[played][:, 2:].detach(), beliefs[played].detach(), atol=1e-5
    )


def test_the_buffer_keeps_the_newest_trials():
    agent, buffer = make(), TrialBuffer(8)
    parts = [transitions_of(collected(agent, seed=10 * i), agent.policy.builder) for i in range(4)]
    for count, part in zip((4, 8, 8, 8), parts, strict=True):
        buffer.add(part)
        assert len(buffer) == count
    newest = buffer.sample(torch.arange(8))
    for index, part in ((slice(4), parts[2]), (slice(4, 8), parts[3])):
        steps = len(part.mask)
        assert torch.equal(newest.inputs[:steps, index], part.inputs)
        assert (newest.mask[steps:, index] == 0).all()
    small = TrialBuffer(2)
    small.add(parts[0])
    assert len(small) == 2 and torch.equal(small.sample(torch.arange(2)).mask, parts[0].mask[:, 2:])


def test_a_buffer_larger_than_memory_says_how_much_it_needs():
    agent = make(vae_buffer_size=10**12)
    with pytest.raises(MemoryError, match=r"of \d+ steps need about .* keep at most \d+"):
        agent.learn(100)


# ---- beliefs in the inner loop -------------------------------------------------------------------


def test_predict_equals_the_inner_loop():
    agent = make().learn(100)
    env, venv = TrialWrapper(gym.make(ID)), gym.make_vec(ID, num_envs=1)
    loop = agent.inner_loop(venv, seed=0)
    loop.reset()
    shown, _ = env.reset(seed=5)
    raw, _ = venv.reset(seed=5)
    state, start, over = None, np.ones(1, dtype=bool), False
    while not over:
        action, state = agent.predict(shown, state, start, deterministic=True)
        acted = loop.act(raw, deterministic=True)
        assert action == acted[0]
        np.testing.assert_array_equal(loop._state.numpy(), state)
        shown, _, over, _, _ = env.step(action)
        successors, rewards, terminated, truncated, infos = venv.step(acted)
        final = infos.get("final_obs", successors)
        loop.observe(Step(raw, acted, rewards, terminated, truncated, final, infos))
        raw, start = successors, np.zeros(1, dtype=bool)


# ---- learning and bad input ----------------------------------------------------------------------


def test_gradients_of_the_bound_are_clipped_where_asked_for():
    """And logged as they were before."""
    norms = {}
    for limit in (None, 1e-3):
        agent, seen = make(vae_max_grad_norm=limit), []
        step, parameters = agent.vae_optimizer.step, agent.vae_optimizer.param_groups[0]["params"]

        def watched(seen=seen, step=step, parameters=parameters):
            seen.append(torch.stack([one.grad.norm() for one in parameters]).norm())
            return step()

        agent.vae_optimizer.step = watched
        agent._setup_learn(1)
        figures = agent.train(collected(agent))
        norms[limit] = max(seen)
        assert figures["vae_grad_norm"] > 0.01
    assert norms[1e-3] < 1.01e-3 < norms[None]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"vae_updates": 0}, "vae_updates=0 must be at least 1"),
        ({"vae_buffer_size": 2}, "vae_buffer_size=2 is less than vae_batch_size=3"),
        ({"reward_decoder": "cell"}, "reward_decoder='cell' is unknown; allowed are"),
        ({"kl_scale": "sum"}, "kl_scale='sum' is unknown; allowed are"),
        ({"reward_decoder": None}, "nothing is decoded"),
        ({"state_coef": -1.0}, "state_coef=-1.0 must be at least 0"),
        ({"vae_max_grad_norm": 0.0}, "vae_max_grad_norm=0.0 must be above 0"),
        ({"n_elbos": 0}, "n_elbos=0 must be at least 1"),
    ],
)
def test_arguments_out_of_range_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_cells_need_a_grid():
    with pytest.raises(TypeError, match="has no cells"):
        make(reward_decoder="cells")
