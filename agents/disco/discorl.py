"""DiscoRL: an agent of one lifetime that learns by the rule that DeepMind published."""

from __future__ import annotations

import os
from typing import Any

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least, within
from ..core.base.replay_lifetime import ReplayLifetime
from .meta_network import DiscoMetaNetwork
from .network import DiscoNetwork
from .presets import PRESETS
from .rule import DiscoRule
from .weights import random_arrays, read_weights, translated

_RANDOM = "random"
_OF_RULE = ("n_steps", "batch_size", "n_updates", "gamma", "retrace_lambda", "slow_coef")


class DiscoRL(ReplayLifetime):
    """DiscoRL (Oh et al. 2025, doi 10.1038/s41586-025-09761-x): learns by the published rule.

    The rule, a network found on many Atari games at once, takes the place of a loss: it reads a
    window of play and says what the learner's policy and its two predictions without a given
    meaning are to be. This agent is one life of such a learner, from its first step, in any
    Gymnasium id with Discrete actions. The rule does not change.

    Its file is not part of this package: `weights="disco_103.npz"`, from the folder
    disco_rl/update_rules/weights of github.com/google-deepmind/disco_rl (CC-BY 4.0). It is read as
    numbers alone, and nothing else in it is touched. Checkpoints keep the rule, so that `load`
    needs no file. `weights="random"` is a rule that teaches nothing, to try things out.

    Differences from the published code: windows begin at any step of a row, not at multiples of
    `n_steps`; the state after a time limit is its true successor's; the model begins with the
    same state for each action. The rule itself is not trained here.

    Raises:
        MemoryError: If the buffers do not fit into memory.
        OSError: If the file cannot be read.
        TypeError: If actions are not Discrete, or observations are neither numbers nor vectors.
        ValueError: If an argument is out of range, or the file is damaged or another one.
    """

    policy_aliases = {
        "MlpPolicy": DiscoNetwork,
        "DiscoNetwork": DiscoNetwork,
    }
    paper_policy = {"net_arch": [512, 512]}
    presets = PRESETS

    any_device = True
    learning_rate = 3e-4
    n_envs = 2
    n_steps = 29
    buffer_size = 14_848
    weights: Any = argument(
        'The file of the published rule, an npz; `"random"` draws one that teaches nothing. It '
        "must be given to begin, and not to `load`.",
        default=None,
        remembered=False,
        type=str | os.PathLike | None,
    )
    batch_size: int = argument("Windows of `n_steps` steps of an update.", at_least(1), default=64)
    n_updates: int = argument(
        "Updates after each `n_steps` steps of a row.", at_least(1), default=1
    )
    learning_starts: int = argument(
        "Steps kept of each row before the first update.", at_least(0), default=928
    )
    gamma: float = argument("Discount; the rule was found with .997.", within(0, 1), default=0.997)
    retrace_lambda: float = argument("Lambda of value targets.", within(0, 1), default=0.95)
    slow_coef: float = argument(
        "Share of a learner's slow copy that stays in an update.", within(0, 1), default=0.9
    )

    def _setup_model(self) -> None:
        given = self.weights
        drawn = given is None or given == _RANDOM
        parts = translated(random_arrays(fold(self.seed, "rule"))) if drawn else read_weights(given)
        self.meta_network = DiscoMetaNetwork(parts, known=given is not None).to(self.device)
        super()._setup_model()

    def _make_network(self, **more: Any) -> DiscoNetwork:
        return super()._make_network(**more)  # type: ignore[return-value]

    def _make_rule(self) -> Any:
        if self.buffer_size <= max(self.n_steps, self.learning_starts):
            raise ValueError(
                f"buffer_size={self.buffer_size} must be larger than n_steps={self.n_steps} and "
                f"learning_starts={self.learning_starts}"
            )
        return DiscoRule(
            network=self.network,
            rule=self.meta_network,
            capacity=self.buffer_size,
            least_steps=max(self.learning_starts, self.n_steps + 1),
            learning_rate=float(self.learning_rate),
            **{name: getattr(self, name) for name in _OF_RULE},
        )

    def check_ready(self) -> None:
        """Refuse to begin without the rule."""
        self.meta_network.check_known()

    def _setup_learn(self, *args: Any, **kwargs: Any) -> Any:
        self.check_ready()
        return super()._setup_learn(*args, **kwargs)

    def _hand_over(self, learner: Any) -> None:
        learner.meta_network.load_state_dict(self.meta_network.state_dict())

    def _networks(self) -> dict[str, Any]:
        return {**super()._networks(), "rule": self.meta_network}
