"""The network of DiscoRL's learners: a policy, and predictions of this state and of each action.

M learners, P parameters and N observations of each; A actions, H units of the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from gymnasium import spaces
from torch import nn

from ..core.nets import stacked
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.kernels.activations import tanh
from ..core.nets.memory import Lstm
from .values import BINS
from .weights import PREDICTION

_SMALL = 1e-2  # deviation of the last layers' first weights


class DiscoNetwork(ActorCritic):
    """A torso; a policy and a prediction y on it; and a model, an LSTM that takes one action.

    From the state that the torso gives, the model says of each action: a prediction z, categories
    of its value q, and the policy of the next state. First weights are those of the published code:
    normal with deviation 1 / sqrt(inputs), cut at two deviations; .01 in the last layers.

    Args:
        observation_space: Space of one row; Box, Discrete, MultiDiscrete, MultiBinary or a Dict.
        action_space: Discrete.
        net_arch: Widths of the torso's layers.
        activation: `"relu"` or `"tanh"`.
        model_size: H; the layers between the model and its predictions have as many units.

    Raises:
        TypeError: If actions are not Discrete, or the torso does not take the observations.
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (512, 512),
        activation: str = "relu",
        model_size: int = 128,
    ):
        if not isinstance(action_space, spaces.Discrete):
            raise TypeError(f"the action space is {action_space}; DiscoRL takes Discrete alone")
        if isinstance(model_size, bool) or not isinstance(model_size, int) or model_size < 1:
            raise ValueError(f"model_size={model_size!r} must be an integer of at least 1")
        super().__init__(
            observation_space,
            action_space,
            net_arch,
            outputs={"y": PREDICTION},
            activation=activation,
        )
        self.actions, self.first_action = int(action_space.n), int(action_space.start)
        self._sizes = {"z": PREDICTION, "q": BINS, "aux": self.actions}
        self._model = Lstm(self.actions, model_size)
        features = self._branches[0].torso.features
        shapes: dict[str, tuple[int, ...]] = {
            **self.layout.shapes,
            **{"model.root.weight": (model_size, features), "model.root.bias": (model_size,)},
            **{f"model.lstm.{name}": shape for name, shape in self._model.shapes.items()},
            "model.hidden.weight": (len(self._sizes) * model_size, model_size),
            "model.hidden.bias": (len(self._sizes) * model_size,),
        }
        for name, size in self._sizes.items():
            shapes |= {f"model.{name}.weight": (size, model_size), f"model.{name}.bias": (size,)}
        self.layout = stacked.Layout(shapes)

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        last = {"heads.weight", *(f"model.{name}.weight" for name in self._sizes)}
        size = self._model.features
        parts = {}
        for name, shape in self.layout.shapes.items():
            parts[name] = torch.zeros(shape)
            if name in last:
                parts[name].normal_(0.0, _SMALL, generator=generator)
            elif len(shape) == 2:
                inputs = self.actions + size if name.startswith("model.lstm") else shape[1]
                std = inputs**-0.5
                torch.nn.init.trunc_normal_(
                    parts[name], std=std, a=-2 * std, b=2 * std, generator=generator
                )
        parts["model.lstm.bias"][size : 2 * size] = 1.0  # opens the forget gate
        return parts

    def predictions(self, params: torch.Tensor, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return all that learners say of states [M, N, ...].

        Returns:
            `"policy"`: log probabilities [M, N, A]; `"y"`: logits [M, N, 600]; of each action, as
            logits, `"z"` [M, N, A, 600], `"q"` [M, N, A, 601] and `"aux"` [M, N, A, A].
        """
        parts, features, said = self._of_states(params, inputs)
        return {**said, **self._of_actions(parts, features)}

    def predictions_and_taken(
        self, params: torch.Tensor, inputs: torch.Tensor, actions: torch.Tensor
    ) -> tuple[stacked.Parts, stacked.Parts]:
        """Return `predictions`, those of actions as constants, and those of the actions taken.

        Gradients pass through one action of a state in place of all.

        Args:
            params: As in `predictions`.
            inputs: As in `predictions`.
            actions: Those taken, from 0, int64 [M, N'], in the first N' states.

        Returns:
            The second: `"z"` [M, N', 600], `"q"` [M, N', 601] and `"aux"` [M, N', A].
        """
        parts, features, said = self._of_states(params, inputs)
        with torch.no_grad():
            said |= self._of_actions(parts, features)
        first = features[:, : actions.shape[1]]
        taken = self._of_actions(parts, first, actions.unsqueeze(-1))
        return said, {name: part.squeeze(2) for name, part in taken.items()}

    def _of_states(
        self, params: torch.Tensor, inputs: torch.Tensor
    ) -> tuple[stacked.Parts, torch.Tensor, stacked.Parts]:
        """Return the arrays of learners, features of states, and what is said of states alone."""
        parts = self.layout.unflatten(params)
        branch = self._branches[0]
        features = branch.features(parts, inputs).to(params.dtype)
        return parts, features, dict(self._finished(branch.heads_of(parts, features), parts))

    def _of_actions(
        self, parts: stacked.Parts, features: torch.Tensor, actions: torch.Tensor | None = None
    ) -> stacked.Parts:
        """Return what is said of actions [M, N, A'], or of all, by features of states [M, N, F]."""
        own = {name.removeprefix("model."): part for name, part in parts.items()}
        cell = stacked.linear(features, own["root.weight"], own["root.bias"])
        from_state = stacked.linear(tanh(cell), own["lstm.hidden.weight"], own["lstm.bias"])
        from_action = own["lstm.input.weight"].transpose(1, 2)  # of an action that is one-hot
        from_action = from_action.unsqueeze(1)
        if actions is not None:
            one_hot = nn.functional.one_hot(actions, self.actions).to(features.dtype)
            from_action = one_hot @ from_action
        gates = from_state.unsqueeze(2) + from_action  # [M, N, A, 4 H]
        let_in, keep, new, let_out = gates.chunk(4, dim=-1)
        cell = keep.sigmoid() * cell.unsqueeze(2) + let_in.sigmoid() * tanh(new)
        output = (let_out.sigmoid() * tanh(cell)).flatten(1, 2)
        hidden = torch.relu(stacked.linear(output, own["hidden.weight"], own["hidden.bias"]))
        said = {}
        for name, part in zip(self._sizes, hidden.split(self._model.features, dim=-1), strict=True):
            flat = stacked.linear(part, own[f"{name}.weight"], own[f"{name}.bias"])
            said[name] = flat.reshape(*gates.shape[:3], -1)
        return said
