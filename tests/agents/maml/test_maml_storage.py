"""How MAML keeps episodes of different lengths; paces of inner rates, and steps that diverge."""

import numpy as np
import pytest
import torch

from agents import MAML, evaluate
from agents.core.losses.finite import NotFiniteError
from agents.maml.episodes import Episodes, EpisodeStore, joined
from tests.agents.maml import toys  # noqa: F401  registers toy/Push-v0


def test_episodes_of_different_lengths_are_stored_and_joined():
    store = EpisodeStore(4, 2)
    store.write(np.arange(4), {"rewards": torch.tensor([1.0, 2, 3, 4])}, np.array([1, 0, 0, 1]) > 0)
    assert store.complete().tolist() == []
    store.write(np.array([1, 2]), {"rewards": torch.tensor([5.0, 6])}, np.array([1, 0]) > 0)
    assert store.complete().tolist() == [0]
    first = store.take(np.array([0]))
    assert first["rewards"].tolist() == [[[1, 0], [2, 5]]]
    assert first["mask"].tolist() == [[[1, 0], [1, 1]]]
    store.write(np.array([2]), {"rewards": torch.tensor([7.0])}, np.array([True]))
    second = store.take(store.complete())
    assert second["rewards"].tolist() == [[[3, 6, 7], [4, 0, 0]]]

    def episodes(taken):
        blank = taken["rewards"]
        return Episodes(
            inputs=blank[..., None],
            actions=blank,
            params=blank[..., None],
            log_prob=blank,
            advantages=blank,
            **taken,
        )

    both = joined([(np.array([1]), episodes(second)), (np.array([0]), episodes(first))])
    assert both.rewards.tolist() == [[[1, 0, 0], [2, 5, 0]], [[3, 6, 7], [4, 0, 0]]]


def test_inner_rates_are_learnt_at_their_own_pace(tmp_path):
    small = {"n_envs": 12, "rows_per_task": 3, "policy_kwargs": {"net_arch": (8,)}, "seed": 3}
    given = {**small, "outer": "ppo", "learn_inner_lr": True, "n_epochs": 1, "learning_rate": 1e-2}
    moved = {}
    for pace in (1.0, 0.1):
        agent = MAML("MlpPolicy", "toy/Push-v0", inner_lr=0.5, inner_lr_pace=pace, **given)
        before = agent.policy.layers[0].bias.detach().clone()
        agent.learn(1)
        rate = float(agent.learner.rates.rates[0].detach())
        step = (agent.policy.layers[0].bias.detach() - before).abs().max()
        moved[pace] = rate - 0.5, float(step)
    assert abs(moved[1.0][0]) == pytest.approx(1e-2, rel=1e-3)  # Adam's first step
    assert moved[0.1][0] == pytest.approx(0.1 * moved[1.0][0], rel=1e-3)
    assert moved[0.1][1] == moved[1.0][1]
    agent.save(tmp_path / "agent.zip")
    again = MAML.load(tmp_path / "agent.zip", env="toy/Push-v0")
    assert [group["lr"] for group in again.optimizer.param_groups] == [1e-2, 1e-3]


def test_an_inner_step_that_is_not_finite_is_named():
    small = {"n_envs": 12, "rows_per_task": 3, "policy_kwargs": {"net_arch": (8,)}, "seed": 3}
    agent = MAML("MlpPolicy", "toy/Push-v0", inner_lr=1e30, **small)
    with pytest.raises(NotFiniteError, match="after inner step 2, the adapted .* inner_lr"):
        evaluate(agent, "toy/Push-v0", num_tasks=4, episodes=3)
