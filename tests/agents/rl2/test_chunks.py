"""Parts of trials as minibatches: what they count, what they remember, what they cost."""

import numpy as np
import pytest
import torch

from agents import RL2
from agents.core.nets.recurrent_policy import GruPolicy, LstmPolicy
from agents.core.play.chunks import Chunks
from tests.agents import toys  # noqa: F401  registers toy/...

torch.set_num_threads(1)
SMALL = {"hidden_size": 8, "embedding_sizes": (8,)}
POLICIES = {
    "gru": (GruPolicy, {}),
    "lstm": (LstmPolicy, {}),
    "separate value": (GruPolicy, {"separate_value": True}),
    "transitions": (GruPolicy, {"transitions": True, "head_sizes": (8,)}),
    "standardised": (
        LstmPolicy,
        {"normalize_observation": True, "normalize_shown_reward": True},
    ),
    "changes": (
        GruPolicy,
        {
            "normalize_observation": True,
            "normalize_shown_reward": True,
            "changes": True,
            "separate_value": True,
        },
    ),
}


def make(policy=GruPolicy, more=None, **kwargs):
    """Make an agent on trials of 3 to 21 steps."""
    arguments = {"n_envs": 12, "seed": 3, "preset": None, **kwargs}
    return RL2(policy, "toy/Lengths-v0", policy_kwargs={**SMALL, **(more or {})}, **arguments)


def collected(agent):
    """Return one iteration's trials and what the update sees of them."""
    agent._setup_learn(1000)
    trials = agent._collect(lambda step: True)
    return trials, agent.prepare(trials, 0.9)


def gradients(agent, batch):
    agent.optimizer.zero_grad()
    loss, _ = agent.update.loss(batch, 0.0)
    loss.backward()
    return {name: part.grad.clone() for name, part in agent.policy.named_parameters()}


@pytest.mark.parametrize("case", POLICIES)
def test_chunks_whose_overlap_reaches_the_beginning_give_the_gradient_of_whole_trials(case):
    policy, more = POLICIES[case]
    agent = make(policy, more)
    if agent.policy.standardise is not None:
        trials, _ = collected(agent)
        agent.policy.after_iteration(trials.inputs, trials.mask)
    _, whole = collected(agent)
    steps = len(whole.mask)
    assert steps > 10 and 0 < whole.mask.mean() < 1
    wanted = gradients(agent, whole)
    for length in (1, 4, steps - 1, steps, steps + 5):
        chunks = Chunks(whole, agent.policy, length, steps)
        found = gradients(agent, chunks.batch(torch.arange(len(chunks))))
        for name, gradient in wanted.items():
            torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    few = Chunks(whole, agent.policy, 4, 0)
    found = gradients(agent, few.batch(torch.arange(len(few))))
    assert any(not torch.allclose(found[name], wanted[name], rtol=1e-3) for name in wanted)


@pytest.mark.parametrize(("length", "overlap"), [(1, 0), (4, 0), (4, 3), (5, 12), (100, 7)])
def test_every_played_step_counts_once(length, overlap):
    agent = make()
    _, whole = collected(agent)
    steps, trials = whole.mask.shape
    # a number of its own for every step, where the loss would see its advantage
    whole.advantages = torch.arange(1.0, steps * trials + 1).reshape(steps, trials)
    chunks = Chunks(whole, agent.policy, length, overlap)
    seen = []
    for batch in chunks.shuffled(5, np.random.default_rng(0)):
        assert batch.mask.shape == (min(length + overlap, steps), batch.state.shape[0])
        assert batch.mask.shape[1] <= 5 and batch.mask.any(dim=0).all()
        seen.append(batch.advantages[batch.mask > 0])
    found = torch.cat(seen)
    assert sorted(found.tolist()) == whole.advantages[whole.mask > 0].sort().values.tolist()


@pytest.mark.parametrize("case", POLICIES)
def test_chunks_begin_with_the_state_of_the_acting_policy(case):
    policy, more = POLICIES[case]
    agent = make(policy, more)
    trials, whole = collected(agent)
    chunks = Chunks(whole, agent.policy, 4, 2)
    batch = chunks.batch(torch.arange(len(chunks)))
    with torch.no_grad():
        params, values = agent.policy(batch.inputs, state=batch.state)
        chunk, trial = chunks.items.unbind(1)
        time = (chunks.begin[chunk] + chunks.window).clamp(max=len(whole.mask) - 1)
    counted = batch.mask > 0
    # what the policy said when it acted: no step of the past is missing, overlap or not
    torch.testing.assert_close(params[counted], trials.params[time, trial][counted])
    torch.testing.assert_close(values[counted], trials.values[time, trial][counted])
    log_prob = agent.policy.head.log_prob(params, batch.actions)
    torch.testing.assert_close(log_prob[counted], batch.old_log_prob[counted])


def test_only_a_minibatch_is_unrolled_at_a_time():
    agent = make(chunk_length=4, chunk_overlap=2, batch_size=3)
    _, whole = collected(agent)
    made = agent.update.minibatches(agent.policy, whole, np.random.default_rng(0))
    sizes = [batch.inputs.shape[:2] for batch in made]
    assert max(steps for steps, _ in sizes) == 6 and max(rows for _, rows in sizes) == 3
    assert len(sizes) > 8 * whole.mask.sum() / (4 * 3)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"chunk_length": 0}, "chunk_length=0 must be at least 1"),
        ({"chunk_length": 4, "chunk_overlap": -1}, "chunk_overlap=-1 must be at least 0"),
        ({"chunk_length": 4, "batch_size": 0}, "batch_size=0 must be at least 1"),
        ({"chunk_length": 4, "outer": "trpo", "baseline": "linear"}, "leave out chunk_length"),
        (
            {"baseline": "liner"},
            r"baseline='liner' is unknown; allowed are \['network', 'linear'\]",
        ),
    ],
)
def test_what_cannot_be_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make("GruPolicy", **kwargs)
