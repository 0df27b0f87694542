"""How MAML keeps episodes of different lengths."""

import numpy as np
import torch

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
