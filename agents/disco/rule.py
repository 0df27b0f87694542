"""Learners that learn as the published rule says, from windows of what they played.

M learners, T steps of a window, B windows of each, A actions, P parameters of a learner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from ..core.learning.functional import Adam, Optimizer, Rate, State, norms
from ..core.lifetimes.actor_critic import descend, with_optimizer
from ..core.lifetimes.off_policy import Windows
from ..core.lifetimes.rule import Acted, Learners, Unroll
from ..core.nets.input_size import input_size
from .losses import parts_of_loss
from .meta_network import LIFE, DiscoMetaNetwork, Told, Wanted
from .network import DiscoNetwork
from .said import Outputs, Said
from .values import counted, expected, normalised, retrace, sign_log, taken

_SCALE = "scale."  # running moments of advantages, among a learner's arrays
_DECAY = 0.99  # of these moments
_COSTS = {"policy_loss": 1.0, "y_loss": 1.0, "z_loss": 1.0, "aux_loss": 1.0, "value_loss": 0.2}


@dataclass(frozen=True)
class Clipped(Optimizer):
    """Another optimiser, no number of whose steps is larger than the learning rate."""

    inner: Optimizer

    def begin(self, params: torch.Tensor) -> State:
        """Return the other's state."""
        return self.inner.begin(params)

    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step."""
        way, state = self.inner.step(torch.zeros_like(params), grads, state, 1.0)
        return params + learning_rate * way.clamp(-1.0, 1.0), state


@dataclass(frozen=True)
class DiscoRule:
    """How learners act, and improve as the rule says.

    Args:
        network: The learners' network.
        rule: The published rule.
        n_steps: T, steps of a row between updates, and of a window.
        batch_size: B.
        capacity: Steps kept of each row.
        n_updates: Steps of the optimiser after `n_steps` steps.
        least_steps: Steps kept of each row before the first of them.
        learning_rate: Of the learners.
        gamma: Discount.
        retrace_lambda: Lambda of value targets.
        slow_coef: Share of a learner's slow copy that stays in an update.
        optimizer: Optimiser of the learners.
    """

    network: DiscoNetwork
    rule: DiscoMetaNetwork
    n_steps: int
    batch_size: int
    capacity: int
    n_updates: int
    least_steps: int
    learning_rate: float
    gamma: float
    retrace_lambda: float
    slow_coef: float
    optimizer: Optimizer = field(default_factory=lambda: Clipped(Adam()))

    adapts = ()

    @property
    def window(self) -> int:
        """T + 1: the state after the last step is the next step's."""
        return self.n_steps + 1

    @property
    def updates_per_step(self) -> float:
        """Updates for each step that is played."""
        return self.n_updates / self.n_steps

    def noise_size(self) -> int:
        """Return 0: updates draw nothing but windows."""
        return 0

    # ---- what learners are ----------------------------------------------------------------------

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        policy = self.network.begin(seeds)
        zeros = policy.new_zeros(len(policy))
        return {
            **with_optimizer(self.optimizer, policy),
            **{"slow": policy.clone(), "life": policy.new_zeros(len(policy), LIFE)},
            **{f"{_SCALE}mean": zeros, f"{_SCALE}square": zeros, f"{_SCALE}left": zeros + 1},
        }

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return nothing: buffers belong to the loop."""
        return {}

    def act(
        self,
        learners: Learners,
        inputs: torch.Tensor,
        memory: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> Acted:
        """Choose actions from the policy's distribution."""
        policy = self.network.forward(learners["policy"], inputs, of="policy")["policy"]
        head = self.network.head
        actions = head.mode(policy) if noise is None else head.sample(policy, noise)
        return Acted(actions, {"policy": policy}, None)

    # ---- what they keep -------------------------------------------------------------------------

    def fields(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what is kept of a step."""
        size = input_size(self.network, "DiscoRL")
        return {
            **{"inputs": (size,), "next_inputs": (size,), "policy": (self.network.actions,)},
            **{"actions": (), "rewards": (), "alive": (), "cut": ()},
        }

    def steps_of(self, unroll: Unroll) -> dict[str, torch.Tensor]:
        """Return what is kept of an unroll, each [T, M, R, ...]."""
        after = unroll.inputs[1:]
        if unroll.cut_inputs is not None:
            after = torch.where(unroll.cut.unsqueeze(-1) > 0, unroll.cut_inputs, after)
        return {
            **{"inputs": unroll.inputs[:-1], "next_inputs": after},
            **{"policy": unroll.record["policy"], "rewards": unroll.rewards},
            **{"alive": unroll.alive, "cut": unroll.cut},
            "actions": (unroll.actions - self.network.first_action).float(),
        }

    def seen(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return the learners: they count nothing."""
        return learners

    # ---- how they improve -----------------------------------------------------------------------

    def improve(
        self, learners: Learners, windows: Windows, noise: torch.Tensor, number: int
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take one step towards what the rule asks for."""
        play = {name: part.transpose(0, 1) for name, part in windows.items()}  # [M, T + 1, B, ...]
        policy = learners["policy"].detach().requires_grad_()
        loss, figures, carried = self.loss(learners, policy, play)
        (grads,) = torch.autograd.grad(loss.sum(), policy)
        stepped = descend(self.optimizer, learners, policy.detach(), grads, self.learning_rate)
        slow = torch.lerp(learners["policy"], learners["slow"], self.slow_coef)
        figures = {name: one.detach() for name, one in figures.items()}
        return {**stepped, **carried, "slow": slow}, {**figures, "grad_norm": norms(grads)}

    def loss(
        self, learners: Learners, policy: torch.Tensor, play: Windows
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], Learners]:
        """Return the loss [M] of parameters [M, P], figures [M], and arrays that are carried on.

        Args:
            learners: [M, ...].
            policy: Parameters, [M, P].
            play: Fields of windows, [M, T + 1, B, ...].
        """
        said, chosen = self.said_and_taken(policy, play)
        wanted, target, carried = self.wanted(learners, said, play)
        alive = play["alive"][:, :-1]
        asked = {"policy": wanted.policy, "y": wanted.y, "z": wanted.z, "q": target}
        parts = parts_of_loss(said, chosen, asked, alive)
        ended = 1 - alive * (1 - said.cut)
        mask = torch.cat([torch.ones_like(ended[:, :1]), 1 - ended[:, :-1]], dim=1)
        means = {name: _mean(part, mask) for name, part in parts.items()}
        total = torch.stack([_COSTS[name] * part for name, part in means.items()]).sum(dim=0)
        return total, means, carried

    def said(self, policy: torch.Tensor, play: Windows) -> Said:
        """Return what parameters [M, P] say of windows [M, T + 1, B, ...], as logits."""
        found = self.network.predictions(policy, play["inputs"].flatten(1, 2))
        return self._with_cuts(_by_steps(found, play["inputs"]), policy, play)

    def said_and_taken(self, policy: torch.Tensor, play: Windows) -> tuple[Said, Outputs]:
        """Return what `said` does, and what is said of the actions taken [M, T, B, ...].

        Gradients pass through these and what is said of states.
        """
        actions = play["actions"][:, :-1].long()
        whole, chosen = self.network.predictions_and_taken(
            policy, play["inputs"].flatten(1, 2), actions.flatten(1, 2)
        )
        said = self._with_cuts(_by_steps(whole, play["inputs"]), policy, play)
        return said, _by_steps(chosen, actions)

    @torch.no_grad()
    def _with_cuts(self, whole: Outputs, policy: torch.Tensor, play: Windows) -> Said:
        cut, after = play["cut"][:, :-1], play["next_inputs"][:, :-1]
        if not cut.any():
            return Said(whole, None, cut)
        found = self.network.predictions(policy, after.flatten(1, 2))
        return Said(whole, _by_steps(found, after), cut)

    @torch.no_grad()
    def wanted(
        self, learners: Learners, said: Said, play: Windows
    ) -> tuple[Wanted, torch.Tensor, Learners]:
        """Return what the rule asks for, targets of values [M, T, B], and what it carries on."""
        actions = play["actions"][:, :-1].long()
        rewards, alive = play["rewards"][:, :-1], play["alive"][:, :-1]
        mine = said.mapped(_probabilities)
        slow = self.said(learners["slow"], play).mapped(_probabilities)
        policy, later = mine.pair("policy")
        acting = play["policy"][:, :-1].exp()
        value, value_after = _values(mine, policy, later)
        slow_value, slow_after = _values(slow, policy, later)
        slow_q, chance = slow.now("q"), taken(policy, actions)
        target = retrace(
            rewards,
            self.gamma * alive,
            1 - said.cut,
            chance / taken(acting, actions),
            taken(slow_q, actions),
            slow_after,
            self.retrace_lambda,
        )
        advantage, by_action = target - slow_value, slow_q - slow_value.unsqueeze(-1)
        scale = {name: learners[f"{_SCALE}{name}"] for name in ("mean", "square", "left")}
        scale = counted(scale, advantage, _DECAY)
        told = Told(
            actions=actions,
            continues=alive * (1 - said.cut),
            plain=(
                *(chance, taken(acting, actions), sign_log(rewards), alive),
                *(sign_log(value), sign_log(value_after)),
                *(sign_log(advantage), normalised(scale, advantage)),
                taken(slow.now("policy"), actions),
            ),
            by_action=(policy, acting, slow.now("policy")),
            of_values=(sign_log(slow_q), sign_log(by_action), normalised(scale, by_action)),
            said=mine,
            slow=slow,
        )
        found = self.rule(told, learners["life"])
        carried = {"life": found.life, **{f"{_SCALE}{name}": one for name, one in scale.items()}}
        return found, target, carried


def _by_steps(found: Outputs, like: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return outputs [M, T B, ...] as [M, T, B, ...], as in `like`."""
    return {name: one.reshape(*like.shape[:3], *one.shape[2:]) for name, one in found.items()}


def _probabilities(logits: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return probabilities of policy and predictions, and values of actions."""
    chances = {name: logits[name].detach().softmax(dim=-1) for name in ("policy", "y", "z")}
    return {**chances, "q": expected(logits["q"].detach())}


def _values(said: Said, policy: torch.Tensor, later: torch.Tensor) -> list[torch.Tensor]:
    """Return values of policies now and after, each [M, T, B]."""
    pairs = zip((policy, later), said.pair("q"), strict=True)
    return [(chance * q).sum(dim=-1) for chance, q in pairs]


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1.0)
