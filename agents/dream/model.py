"""A model of what follows a step, given what exploring has seen. T steps, B trials, P probes.

O numbers of an observation, A actions, L latents, D inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.nn import functional

from ..core.learning.steps import take_steps
from ..core.nets.frames import FrameForm
from ..core.nets.step_inputs import StepInputs
from ..core.play.replay import TaskReplay
from ..core.play.trials import Trials
from . import losses
from .episodes import Episodes, Fields, longer
from .policies import ExploringPolicy, RecurrentQ
from .update import descend

_PARTS = ("exploration", "execution", "inference", "model")
_GRID = 6  # squares along each side of a frame, of whose colours the model predicts the means
_LEAST = 1e-8  # of the errors that gains are measured in


class PredictivePolicy(ExploringPolicy):
    """Both policies, and f(s', r | s, a, data): the latent is what is kept of the data.

    Of frames the model predicts the mean colours in a grid of squares.

    Args:
        observation_space: As in `ExploringPolicy`.
        action_space: As in `ExploringPolicy`.
        hidden_size: Width of all networks.
        latent_size: L.
        frame_features: As in `ExploringPolicy`.

    Raises:
        TypeError: If a space is not supported.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        hidden_size: int = 96,
        latent_size: int = 32,
        frame_features: int | None = None,
    ):
        super().__init__(observation_space, action_space, hidden_size, latent_size, frame_features)
        kind = torch.float32 if self.frames is None else torch.uint8
        blank = torch.zeros(1, self.builder.row_size, dtype=kind)
        size = foreseeable(self.builder, blank).shape[-1]
        self.model = nn.Sequential(
            nn.Linear(size + self.num_actions + latent_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, size + 1),
        )

    def errors(self, probes: Probes, latents: Tensor) -> Tensor:
        """Return squared errors of predicted changes and rewards, [...] of latents [..., L].

        Args:
            probes: Steps to predict, [...] or what broadcasts to it.
            latents: What is kept of the data.
        """
        chosen = functional.one_hot(probes.actions, self.num_actions).to(latents.dtype)
        known = torch.cat([probes.before, chosen], dim=-1)
        known = known.expand(*latents.shape[:-1], known.shape[-1])
        predicted = self.model(torch.cat([known, latents], dim=-1))
        wanted = torch.cat([probes.after - probes.before, probes.rewards[..., None]], dim=-1)
        return (predicted - wanted).square().sum(dim=-1)


def foreseeable(builder: StepInputs, rows: Tensor) -> Tensor:
    """Return what the model knows, or predicts, of the observations in rows, float32 [..., O].

    Args:
        builder: Builder of the rows.
        rows: [..., D].
    """
    seen = [builder.numbers(rows)[..., : builder.observation_size]]
    for space, frames in zip(builder.frame_spaces.values(), builder.frames(rows), strict=True):
        images = FrameForm.of(space).images(frames, torch.float32)
        means = functional.adaptive_avg_pool2d(images, _GRID)
        seen.append(means.reshape(*rows.shape[:-1], -1))
    return torch.cat(seen, dim=-1)


class Probes(NamedTuple):
    """Steps that the model is to predict."""

    before: Tensor  # [..., O]
    actions: Tensor  # indices, [...]
    after: Tensor  # [..., O]
    rewards: Tensor  # [...]


def store(capacity: int, builder: StepInputs) -> TaskReplay:
    """Return a buffer for trials: an episode that explored, and one that carried out after it."""
    names = ("actions", "rewards", "terminated", "played", "executes")
    fields: dict[str, tuple[int, ...]] = {"inputs": (builder.row_size,)}
    fields |= {name: () for name in names}
    return TaskReplay(1, capacity, fields, ("inputs",) if builder.frame_spaces else ())


def joined(episodes: Iterator[tuple[bool, Fields]]) -> Iterator[Fields]:
    """Yield the fields of `store` from what `episodes.cut` yields."""
    explored: Fields = {}
    for explores, fields in episodes:
        fields = {name: part for name, part in fields.items() if name != "codes"}
        count = len(fields["inputs"])
        fields["played"] = longer(np.ones(count - 1))
        fields["executes"] = np.full(count, float(not explores), np.float32)
        if explores:
            explored = fields
        else:
            yield {name: np.concatenate([explored[name], part]) for name, part in fields.items()}


def with_blank_codes(trials: Trials) -> Trials:
    """Return trials that say nothing of their tasks, as `episodes.cut` takes them."""
    trials.tasks = torch.zeros(*trials.mask.shape, 0)
    return trials


class Drawn(NamedTuple):
    """Some trials."""

    explored: Episodes
    executed: Episodes
    probes: Probes  # [P, B, ...], of both


def draw(
    replay: TaskReplay,
    count: int,
    n_probes: int,
    rng: np.random.Generator,
    policy: PredictivePolicy,
) -> Drawn:
    """Draw trials with replacement, and steps of each to predict.

    Args:
        replay: What `store` returned, with some trials.
        count: B.
        n_probes: P.
        rng: Generator to draw with.
        policy: What sees them.
    """
    builder, device = policy.builder, next(policy.parameters()).device
    arrays, seen = replay.sample_trials(np.zeros(count, dtype=np.int64), rng)
    parts = {name: torch.from_numpy(part).to(device) for name, part in arrays.items()}
    executes = arrays["executes"] > 0
    explored = ((seen > 0) & ~executes).sum(axis=0)
    whole = (seen > 0).sum(axis=0)
    # a place among the played steps of each trial, uniformly: the first of random keys' order
    keys = np.where(arrays["played"] > 0, rng.random(seen.shape), np.inf)
    least = np.argsort(keys, axis=0)[: int(arrays["played"].sum(axis=0).min())]
    steps = torch.from_numpy(least[rng.integers(len(least), size=n_probes)]).to(device)
    columns = torch.arange(count, device=device)
    probes = Probes(
        before=foreseeable(builder, parts["inputs"][steps, columns]),
        actions=parts["actions"][steps, columns].long(),
        after=foreseeable(builder, parts["inputs"][steps + 1, columns]),
        rewards=parts["rewards"][steps, columns],
    )
    return Drawn(_part(parts, 0 * explored, explored), _part(parts, explored, whole), probes)


def _part(parts: Mapping[str, Tensor], first: np.ndarray, after: np.ndarray) -> Episodes:
    """Return the entries from `first` [B] to before `after` [B] of each trial."""
    device = parts["inputs"].device
    count = torch.from_numpy(after - first).to(device)
    time = torch.arange(int(count.max()), device=device)[:, None]
    index = torch.from_numpy(first).to(device) + torch.minimum(time, count - 1)
    columns = torch.arange(len(first), device=device)
    taken = {name: part[index, columns] for name, part in parts.items()}
    seen = (time < count).float()
    return Episodes(
        inputs=taken["inputs"],
        actions=taken["actions"][:-1].long(),
        rewards=taken["rewards"][:-1],
        terminated=taken["terminated"][:-1],
        codes=seen.new_zeros(len(first), 0),
        seen=seen,
        mask=seen[1:],
    )


class ModelUpdater:
    """Trains the model, both policies and what is kept of the data, from replayed trials.

    Args:
        policy: The networks.
        replay: Trials, as `store` keeps them.
        settings: The agent's arguments.
    """

    def __init__(self, policy: PredictivePolicy, replay: TaskReplay, settings: Mapping[str, Any]):
        self.policy, self.replay, self.settings = policy, replay, settings
        self.parts = (*_PARTS, *(("frames",) if policy.frames is not None else ()))
        trained = [part for name in self.parts for part in getattr(policy, name).parameters()]
        self.optimizer = torch.optim.Adam(trained, lr=1e-3)

    def run(self, count: int, seed: int, rate: float) -> dict[str, float]:
        """Take gradient steps, and return the means of their figures; as `Updater.run`."""

        def one(rng: np.random.Generator, noise: torch.Generator) -> dict[str, Tensor]:
            return self.step(self.draw(self.settings["batch_size"], rng))

        return take_steps(one, [self.optimizer], count, seed, rate)

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        """Draw trials, [B]."""
        return draw(self.replay, count, self.settings["n_probes"], rng, self.policy)

    def step(self, drawn: Drawn) -> dict[str, Tensor]:
        """Take one gradient step, and return figures."""
        found = self.losses(drawn)
        return descend(self.policy, self.parts, self.optimizer, found, self.settings)

    def featured(self, drawn: Drawn) -> Drawn:
        """Return trials whose inputs are what the networks see of them."""
        explored, executed = (
            part._replace(inputs=self.policy.features(part.inputs))
            for part in (drawn.explored, drawn.executed)
        )
        return drawn._replace(explored=explored, executed=executed)

    def prefix_errors(self, drawn: Drawn) -> tuple[Tensor, Tensor]:
        """Return what is kept of each prefix [T + 1, B, L], and the model's error then [T + 1, B].

        The error is the mean over the trial's probes.

        Args:
            drawn: As `featured` returns it.
        """
        kept, _ = self.policy.inference(drawn.explored.inputs)
        count = len(drawn.probes.rewards)
        errors = self.policy.errors(drawn.probes, kept[:, None].expand(-1, count, -1, -1))
        return kept, errors.mean(dim=1)

    def losses(self, drawn: Drawn) -> dict[str, Tensor]:
        """Return the whole loss and its parts."""
        drawn = self.featured(drawn)
        explored, executed = drawn.explored, drawn.executed
        if self.settings["explore"] == "none":
            blank = executed.rewards.new_zeros(executed.rewards.shape[1], self.policy.latent_size)
            carried = self._execution_loss(executed, blank)
            return {"loss": carried, "execution_loss": carried}
        kept, errors = self.prefix_errors(drawn)
        model = (errors * explored.seen).sum() / explored.seen.sum()
        last = explored.mask.sum(dim=0).long()
        columns = torch.arange(len(last), device=last.device)
        carried = self._execution_loss(executed, kept[last, columns].detach())
        first = errors[0].detach().mean()
        found = {
            "execution_loss": carried,
            "model_loss": model,
            "error_left": errors[last, columns].detach().mean() / first,
        }
        total = carried + model
        if self.settings["explore"] == "learnt":
            left = errors.detach() / (first + _LEAST)
            gains = left[:-1] - left[1:] - self.settings["exploration_penalty"]
            network = self.policy.exploration
            found["exploration_loss"] = self._td_loss(
                network, "exploration", explored.inputs, explored, gains
            )
            total = total + found["exploration_loss"]
        return {"loss": total, **found}

    def _execution_loss(self, episodes: Episodes, latents: Tensor) -> Tensor:
        inputs = self.policy.told(episodes.inputs, latents)
        network = self.policy.execution
        return self._td_loss(network, "execution", inputs, episodes, episodes.rewards)

    def _td_loss(
        self, network: RecurrentQ, name: str, inputs: Tensor, episodes: Episodes, rewards: Tensor
    ) -> Tensor:
        return losses.recurrent_td_loss(
            network, self.policy.slow[name], inputs, episodes, rewards, self.settings["gamma"]
        )
