"""Fast learning tests with known answers; results with real budgets are in benchmarks/."""

import pytest

from agents import L2RL, RL2, evaluate
from tests.agents import toys  # noqa: F401  registers toy/...

# In toy/Guess one arm of two pays always: knowing nothing earns 4 of 8, remembering the first pull
# earns 7.5, and no learner can earn more.
RANDOM, OPTIMUM = 4.0, 7.5


@pytest.mark.parametrize(
    ("algorithm", "policy", "arguments", "steps"),
    [
        (
            RL2,
            "GruPolicy",
            {"n_envs": 64, "n_epochs": 4, "batch_size": 32, "learning_rate": 3e-3},
            28_000,
        ),
        (L2RL, "LstmPolicy", {"n_envs": 8, "learning_rate": 5e-3}, 24_000),
    ],
)
def test_learns_to_remember_which_arm_pays(algorithm, policy, arguments, steps):
    agent = algorithm(
        policy,
        "toy/Guess-v0",
        policy_kwargs={"hidden_size": 24, "embedding_sizes": ()},
        seed=0,
        **arguments,
    )
    before = evaluate(agent, "toy/Guess-v0", num_tasks=400, deterministic=False)
    agent.learn(steps)
    after = evaluate(agent, "toy/Guess-v0", num_tasks=400, deterministic=True)
    assert abs(before.total()[0] - RANDOM) < 5 * before.total()[1] + 0.2
    # The first pull is a coin: its deviation over 400 tasks is .025.
    assert after.total()[0] > OPTIMUM - 0.15
