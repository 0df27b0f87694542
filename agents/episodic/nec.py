"""NEC: neural episodic control."""

from __future__ import annotations

from typing import Any

from ..core.base.arguments import above, argument, at_least, within
from .algorithm import EpisodicAlgorithm
from .network import CnnKeyNetwork, KeyNetwork
from .presets import NEC_PRESETS
from .rule import NECRule


class NEC(EpisodicAlgorithm):
    """Neural episodic control (Pritzel et al. 2017, arXiv 1703.01988), of one lifetime.

    A network turns observations into keys; for each action, a differentiable dictionary turns keys
    into values, by a kernel over the nearest entries (equations 1, 2 and 5). Returns of `horizon`
    steps, closed by the best value, are written at once (equations 3 and 4); from a replay buffer,
    gradients of the squared error reach the network and the entries that were read. `learn` takes
    any Gymnasium id with Discrete actions.

    Differences from the paper: 100,000 entries an action instead of 500,000; neighbours are exact;
    keys within 1e-4 are one key; an action without any entry is tried first; an episode that is
    truncated is closed by the value of its last state. Rates, `alpha` and the final probability of
    random actions are not in the paper (they were searched); ours are for small problems.

    Raises:
        MemoryError: If dictionaries or replay buffer do not fit into memory; says how much they
            need.
        TypeError: If actions are not Discrete.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {
        "MlpPolicy": KeyNetwork,
        "CnnPolicy": CnnKeyNetwork,
        "KeyNetwork": KeyNetwork,
    }
    presets = NEC_PRESETS

    neighbours = 50
    exploration_steps = 1000
    horizon: int = argument(
        "Steps of a return before it is closed by a value.", at_least(1), default=100
    )
    alpha: float = argument(
        "Share of a new return in the value of a known key.", within(0, 1), default=0.1
    )
    delta: float = argument("Keeps the weight of an equal key finite.", above(0), default=1e-3)
    store_learning_rate: float = argument(
        "Learning rate of entries; 0 leaves them to what is written.", at_least(0), default=1e-3
    )
    batch_size: int = argument("Steps of a gradient step.", at_least(1), default=32)
    updates_per_step: float = argument(
        "Gradient steps for each step that was played (the paper: one every 16 frames).",
        at_least(0),
        default=0.25,
    )
    learning_starts: int = argument(
        "Steps in the replay buffer before the first gradient step.", at_least(1), default=100
    )
    buffer_size: int = argument("Steps in the replay buffer.", at_least(1), default=100_000)

    def _make_rule(self) -> Any:
        return NECRule(
            horizon=self.horizon,
            alpha=self.alpha,
            delta=self.delta,
            learning_rate=float(self.learning_rate),
            store_rate=self.store_learning_rate,
            batch_size=self.batch_size,
            updates_per_step=self.updates_per_step,
            learning_starts=self.learning_starts,
            replay_size=self.buffer_size,
            **self._shared(),
        )
