"""RL2 with the linear baseline instead of a value head."""

import numpy as np
import torch

from agents import RL2, evaluate
from agents.core.losses import linear_baseline
from agents.core.losses.linear_baseline import trial_baseline
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.rl2.test_chunks import collected, make

torch.set_num_threads(1)


def some_trials(steps=60, trials=4, size=3):
    rng = np.random.default_rng(0)
    observations = torch.from_numpy(rng.normal(size=(steps, trials, size))).float()
    returns = torch.from_numpy(rng.normal(size=(steps, trials))).float()
    ends = torch.from_numpy(rng.random((steps, trials)) < 0.1)
    mask = (torch.arange(steps)[:, None] < torch.tensor([steps, 41, 60, 17])).float()
    return observations, returns, ends, mask


def test_it_is_numpys_least_squares_of_each_trial():
    observations, returns, ends, mask = some_trials()
    predicted = trial_baseline(observations, returns, ends, mask)
    for trial in range(4):
        played, time, rows = int(mask[:, trial].sum()), 0, []
        for step in range(played):
            seen, since, part = observations[step, trial].numpy(), time / 100, step / 60
            powers = [since, since**2, since**3, 1, part, part**2, part**3]
            rows.append([*seen, *seen**2, *powers])
            time = 0 if ends[step, trial] else time + 1
        # the ridge of 1e-5 is what further rows of its root, with targets of 0, ask for
        tall = np.vstack([rows, np.sqrt(1e-5) * np.eye(13)])
        wanted = np.concatenate([returns[:played, trial].numpy(), np.zeros(13)])
        solution, *_ = np.linalg.lstsq(tall, wanted, rcond=None)
        found = predicted[:, trial].numpy()
        np.testing.assert_allclose(found[:played], np.array(rows) @ solution, atol=1e-5)
        assert (found[played:] == 0).all()


def test_a_few_trials_at_a_time_are_fitted_alike(monkeypatch):
    parts = some_trials()
    whole = trial_baseline(*parts)
    monkeypatch.setattr(linear_baseline, "_MOST_FEATURES", 1)
    assert torch.equal(trial_baseline(*parts), whole)


def test_advantages_are_measured_against_it():
    agent = make(baseline="linear", normalize_advantage=False, normalize_reward=False)
    trials, batch = collected(agent)
    # the toy's return follows from its observation (the step's number) and the time
    assert batch.old_values.shape == trials.values.shape
    assert not torch.equal(batch.old_values, trials.values * trials.mask)
    left = ((batch.old_values - batch.returns) * trials.mask).square().sum()
    mean = (batch.returns * trials.mask).sum() / trials.mask.sum()
    assert left < 0.2 * (((batch.returns - mean) * trials.mask).square().sum())


def test_the_value_head_is_left_alone_and_the_policy_learns():
    agent = RL2(
        "GruPolicy", "toy/Guess-v0", baseline="linear", n_envs=32, batch_size=8, seed=0,
        policy_kwargs={"hidden_size": 8, "embedding_sizes": ()}, learning_rate=1e-2,
    )  # fmt: skip
    before = {name: part.clone() for name, part in agent.policy.value_head.state_dict().items()}
    agent.learn(4_000)
    assert all(torch.equal(agent.policy.value_head.state_dict()[k], v) for k, v in before.items())
    score, error = evaluate(agent, "toy/Guess-v0", num_tasks=200).total()
    assert score > 6.0 + 3 * error, "knowing nothing earns 4, remembering 7.5"


def test_with_trpo_it_is_the_papers():
    agent = RL2(
        "GruPolicy", "toy/Guess-v0", baseline="linear", outer="trpo", n_envs=32, seed=0,
        policy_kwargs={"hidden_size": 8, "embedding_sizes": ()},
    )  # fmt: skip
    before = [part.clone() for part in agent.policy.parameters()]
    agent.learn(512)
    assert not agent.optimizer.state, "Adam has nothing to do"
    pairs = zip(before, agent.policy.parameters(), strict=True)
    assert any(not torch.equal(one, part) for one, part in pairs)
