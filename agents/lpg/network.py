"""The network that is the learnt rule: from an unroll, what policy and prediction are to become.

T steps, M learners, R rows; m numbers of a prediction.
"""

from __future__ import annotations

import torch
from torch import nn

from ..core.nets import stacked
from ..core.nets.backward_rnn import BackwardRnn

_EMBED = 16  # units of the embedding of a prediction
_FEATURES = 6  # reward, end, discount, probability, embedded prediction now and next
_TIMES = 2  # share of the life that is over, and the life's length


class RuleNetwork(nn.Module):
    """A network that reads an unroll backwards; one for all learners.

    Args:
        predictions: m.
        size: Units of its LSTM.
        seed: Seed of its initial weights.
        temporal: Whether it sees the time of learners' lives.
    """

    def __init__(self, predictions: int, size: int, seed: int, temporal: bool = False):
        super().__init__()
        self.predictions = predictions
        self.rnn = BackwardRnn(_FEATURES + _TIMES * temporal, 1 + predictions, size)
        self.layout = stacked.Layout(
            {
                **{"embed.0.weight": (_EMBED, predictions), "embed.0.bias": (_EMBED,)},
                **{"embed.1.weight": (1, _EMBED), "embed.1.bias": (1,)},
                **{f"rnn.{name}": shape for name, shape in self.rnn.shapes.items()},
            }
        )
        self.flat = nn.Parameter(stacked.begin(self.layout, [seed], self._draw)[0])

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        drawn = {f"rnn.{name}": part for name, part in self.rnn.begin(generator).items()}
        for name, shape in self.layout.shapes.items():
            if name.startswith("embed."):
                is_weight = name.endswith("weight")
                made = (
                    stacked.orthogonal(shape, 1.0, generator) if is_weight else torch.zeros(shape)
                )
                drawn[name] = made
        return drawn

    def parameters_of(self, learners: int) -> stacked.Parts:
        """Return the parameters by name, the same for each of M learners, [M, ...].

        One product for each learner: what one gets does not depend on the others beside it.
        """
        return self.layout.unflatten(self.flat.expand(learners, -1))

    def forward(
        self,
        rewards: torch.Tensor,
        ended: torch.Tensor,
        gamma: float,
        probability: torch.Tensor,
        predicted: torch.Tensor,
        predicted_next: torch.Tensor,
        continues: torch.Tensor,
        times: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return targets: of the policy [T, M, R], and log probabilities [T, M, R, m].

        Args:
            rewards: [T, M, R].
            ended: 1 where the episode ended with the step, [T, M, R].
            gamma: Discount.
            probability: Of the action taken, under the policy that learns, [T, M, R].
            predicted: Predictions, probabilities [T, M, R, m].
            predicted_next: Those of each step's true successor; 0 where the episode terminated.
            continues: 0 where the episode or the unroll ended with the step, [T, M, R].
            times: Of learners' lives, [M, 2]; for a rule that sees them.
        """
        shape = rewards.shape
        more = None if times is None else times[:, None].expand(*shape, -1)
        if torch.is_grad_enabled():  # one product for all: in training their number is fixed
            merged = (len(rewards), 1, -1)
            rewards, ended, probability, continues = (
                one.reshape(merged) for one in (rewards, ended, probability, continues)
            )
            predicted, predicted_next = (
                one.reshape(*merged, self.predictions) for one in (predicted, predicted_next)
            )
            more = None if more is None else more.reshape(*merged, _TIMES)
        parts = self.parameters_of(rewards.shape[1])
        now, later = self._embed(parts, torch.stack([predicted, predicted_next])).unbind()
        later = later * (predicted_next.sum(dim=-1) > 0)
        discount = torch.full_like(rewards, gamma)
        inputs = torch.stack([rewards, ended, discount, probability, now, later], dim=-1)
        if more is not None:
            inputs = torch.cat([inputs, more], dim=-1)
        own = {name[4:]: part for name, part in parts.items() if name.startswith("rnn.")}
        outputs = self.rnn.forward(own, inputs, continues).reshape(*shape, -1)
        return outputs[..., 0], torch.log_softmax(outputs[..., 1:], dim=-1)

    def _embed(self, parts: stacked.Parts, predicted: torch.Tensor) -> torch.Tensor:
        """Return one number for each prediction: [..., M, R] of [..., M, R, m]."""
        by_learner = predicted.movedim(-3, 0)
        flat = by_learner.reshape(len(by_learner), -1, self.predictions)
        hidden = torch.relu(stacked.linear(flat, parts["embed.0.weight"], parts["embed.0.bias"]))
        numbers = stacked.linear(hidden, parts["embed.1.weight"], parts["embed.1.bias"])
        return numbers.reshape(by_learner.shape[:-1]).movedim(0, -2)
