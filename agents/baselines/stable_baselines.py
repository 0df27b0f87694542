"""Any Stable-Baselines3 or sb3-contrib model as an inner loop that does not learn.

Shapes: R rows of one call; L layers of an LSTM of width W.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from meta_envs.core.rng import RowRandom
from meta_envs.wrappers import flat_tasks, observation_with_task
from meta_envs.wrappers.trial import TrialObservation

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop

if TYPE_CHECKING:  # it loads torch, which other baselines do not need
    from .model_eyes import ModelEyes

_LSTM = ("hidden", "cell")  # the two halves of an LSTM's state


class _StableBaselinesLoop(BaselineLoop):
    """Plays a model; a recurrent one carries an LSTM state for each row."""

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        model = baseline.model
        if model.action_space != venv.single_action_space:
            raise ValueError(
                f"the model acts in {model.action_space}, the environment in "
                f"{venv.single_action_space}"
            )
        self.policy = model.policy
        self.eyes = baseline.eyes
        self.trial = self._trial_observation(self.eyes, venv)
        self.recurrent = hasattr(self.policy, "lstm_actor")
        self.memory: dict[str, np.ndarray] = {  # what a row carries from step to step
            "forget": np.ones(self.num_rows, dtype=bool),  # whether the LSTM state starts from zero
        }
        if self.trial is not None:
            self.memory["action"] = np.zeros(
                (self.num_rows, self.trial.action_size), dtype=np.float32
            )
            self.memory["reward"] = np.zeros(self.num_rows)
            self.memory["episode_start"] = np.ones(self.num_rows, dtype=bool)
        if self.recurrent:
            lstm = self.policy.lstm_actor
            for name in _LSTM:
                self.memory[name] = np.zeros(
                    (self.num_rows, lstm.num_layers, lstm.hidden_size), dtype=np.float32
                )
        self.kept: dict[str, np.ndarray] = {}  # the memory at `freeze`

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: empty their memory."""
        super().reset(rows)
        rows = self.rows(rows)
        for name, values in self.memory.items():
            values[rows] = name in ("episode_start", "forget")

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R, ...] with the model.

        Actions of actor-critic models are drawn from row randomness, not from torch's global
        generator. Models of Q-values and off-policy actors always play deterministically.
        """
        import torch

        rows = self.rows(rows)
        observation = self._shown(observation, rows)
        if self.trial is not None:
            seen = (self.memory[name][rows] for name in ("action", "reward", "episode_start"))
            observation = self.trial.build(observation, *seen)
        observation = self.eyes.shown(observation)
        if not hasattr(self.policy, "get_distribution"):
            return self.policy.predict(observation, deterministic=True)[0]
        self.policy.set_training_mode(False)
        with torch.no_grad():
            tensors, _ = self.policy.obs_to_tensor(observation)
            if self.recurrent:
                distribution = self._step_lstm(tensors, rows)
            else:
                distribution = self.policy.get_distribution(tensors)
            if deterministic:
                actions = distribution.mode().cpu().numpy()
            else:
                actions = _sample(distribution, self.random, rows)
        return self._fit(actions)

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember what the next trial observation holds."""
        rows = self.rows(rows)
        if self.trial is None:
            self.memory["forget"][rows] = step.ended
        else:
            self.memory["action"][rows] = self.trial.flat_actions(np.asarray(step.action))
            self.memory["reward"][rows] = step.reward
            self.memory["episode_start"][rows] = step.ended
        again = rows[step.ended & self.frozen[self.learners(rows)]]
        for name, values in self.kept.items():
            self.memory[name][again] = values[again]

    def freeze(self) -> None:
        """Begin all later episodes with the present memory, until `reset`."""
        super().freeze()
        self.kept = {name: values.copy() for name, values in self.memory.items()}

    def _trial_observation(self, eyes: ModelEyes, venv: Any) -> TrialObservation | None:
        return _trial_observation(eyes, venv)

    def _shown(self, observation: Any, rows: np.ndarray) -> Any:
        """Return what the model sees of `rows`, before a trial's past is added."""
        return observation

    def _step_lstm(self, observation: Any, rows: np.ndarray) -> Any:
        """Return the policy's distribution and keep the new LSTM states of `rows`."""
        import torch

        def remembered(name: str) -> torch.Tensor:
            values = self.memory[name][rows]
            return torch.as_tensor(values, dtype=torch.float32, device=self.policy.device)

        state = tuple(remembered(name).transpose(0, 1).contiguous() for name in _LSTM)  # [L, R, W]
        distribution, state = self.policy.get_distribution(observation, state, remembered("forget"))
        for name, values in zip(_LSTM, state, strict=True):
            self.memory[name][rows] = values.transpose(0, 1).cpu().numpy()
        self.memory["forget"][rows] = 0
        return distribution

    def _fit(self, actions: np.ndarray) -> np.ndarray:
        """Bring a policy's output into the action space, as the model's `predict` does."""
        space = self.venv.single_action_space
        actions = actions.reshape(-1, *space.shape)
        if not isinstance(space, spaces.Box):
            return actions
        if self.policy.squash_output:
            return self.policy.unscale_action(actions)
        return np.clip(actions, space.low, space.high)


class _TaskAwareLoop(_StableBaselinesLoop):
    """Plays a model that was trained on `OracleObservation`."""

    reads_task = True

    def _trial_observation(self, eyes: ModelEyes, venv: Any) -> TrialObservation | None:
        return None

    def _shown(self, observation: Any, rows: np.ndarray) -> Any:
        space = self.venv.single_observation_space
        if isinstance(space, spaces.Box):
            flat = np.asarray(observation).reshape(len(rows), -1)
        else:
            flat = np.stack([np.asarray(spaces.flatten(space, one)) for one in observation])
        told = flat_tasks(self.venv, rows.tolist())
        return np.concatenate([flat, told], axis=1).astype(np.float32)


@dataclass(frozen=True)
class StableBaselines(Baseline):
    """Play a trained Stable-Baselines3 or sb3-contrib model; it learns nothing more.

    The model may take the environment's own observations, or `TrialWrapper`'s or
    `OracleObservation`'s, which are assembled here; with the last it is an oracle, told the task.
    The LSTM of a recurrent model is zeroed where it was in training: at the start of a trial
    for `TrialWrapper`'s observations, of an episode for the environment's own. Every row carries
    its own memory, even where rows share a task; once frozen, each episode begins with the memory
    at `freeze`. Of the wrappers between the model and its environment, `VecNormalize` (with its
    observation statistics unchanged) and `VecTransposeImage` are applied; any other that changes
    observations or actions is refused by name.

    A model that was loaded without its environment does not know whether there was a
    `VecNormalize`: pass it, or False if there was none. Without either there is a warning, and a
    model whose last observations lie outside its space, as only normalised ones do, is refused.

    Args:
        model: E.g. a `PPO`, `DQN`, `SAC` or `RecurrentPPO`.
        vec_normalize: A `VecNormalize`; False if there is none; None takes the one of
            the model's environment.

    Raises:
        TypeError: If `model` is not a model, or `vec_normalize` is not a `VecNormalize`.
        ValueError: If the model's environment is wrapped in something that cannot be repeated, or
            is unknown where it matters; from `inner_loop`, if the model's spaces are not those of
            the environment.
    """

    model: Any
    vec_normalize: Any = None
    eyes: ModelEyes = field(init=False, repr=False, compare=False)
    loop = _StableBaselinesLoop

    def __post_init__(self) -> None:
        """Check that the model is one."""
        if not hasattr(self.model, "get_vec_normalize_env"):
            raise TypeError(
                f"model={self.model!r} is not a Stable-Baselines3 model; load one, e.g. "
                'PPO.load("ppo.zip")'
            )
        from .model_eyes import ModelEyes

        object.__setattr__(self, "eyes", ModelEyes(self.model, self.vec_normalize))

    @property
    def protocol(self) -> dict[str, Any]:
        """Entries for the protocol of an evaluation."""
        return {"vec_normalize": self.eyes.normalizes}

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> BaselineLoop:
        """Return a player, which is told the task if the model was trained that way."""
        told = _told_space(venv)
        if told is not None and self.eyes.take(told):
            return _TaskAwareLoop(self, venv, rows_per_task, seed)
        return super().inner_loop(venv, rows_per_task, seed)


def _told_space(venv: Any) -> spaces.Box | None:
    """Return `OracleObservation`'s space; None where there is none."""
    task_space = getattr(venv, "single_task_space", None)
    if task_space is None:
        return None
    try:
        return observation_with_task(venv.single_observation_space, task_space)
    except TypeError:
        return None


def _trial_observation(eyes: ModelEyes, venv: Any) -> TrialObservation | None:
    """Return the builder of `TrialWrapper`'s observations; None if the model takes raw ones.

    Raises:
        ValueError: If the model takes neither.
    """
    raw = venv.single_observation_space
    if eyes.take(raw):
        return None
    trial = TrialObservation(raw, venv.single_action_space)
    if eyes.take(trial.space):
        return trial
    raise ValueError(
        f"the model observes {eyes.space}; this environment gives {raw}, "
        f"or with TrialWrapper {trial.space}"
    )


def _sample(distribution: Any, random: RowRandom, rows: np.ndarray) -> np.ndarray:
    """Draw actions [R, ...] of a policy's `distribution` with the rows' own randomness.

    Raises:
        NotImplementedError: If Stable-Baselines3 and sb3-contrib lack the distribution.
    """
    from torch.distributions import Bernoulli, Categorical, Normal

    inner = getattr(distribution, "distributions", None) or distribution.distribution
    if isinstance(inner, Categorical):
        return _inverse_cdf(inner, random.uniform(rows)[:, 0])
    if isinstance(inner, Bernoulli):
        rates = inner.probs.cpu().numpy()
        return (random.uniform(rows, rates.shape[1]) < rates).astype(np.int8)
    if isinstance(inner, Normal):
        mean, scale = inner.mean.cpu().numpy(), inner.stddev.cpu().numpy()
        actions = (mean + scale * random.normal(rows, mean.shape[1])).astype(mean.dtype)
        return np.tanh(actions) if getattr(distribution, "bijector", None) else actions
    if isinstance(inner, list) and all(isinstance(part, Categorical) for part in inner):
        noise = random.uniform(rows, len(inner))
        return np.stack([_inverse_cdf(part, noise[:, i]) for i, part in enumerate(inner)], axis=1)
    raise NotImplementedError(f"cannot sample {type(distribution).__name__}; use deterministic")


def _inverse_cdf(categorical: Any, noise: np.ndarray) -> np.ndarray:
    """Draw classes [R] of probabilities [R, n] from `noise` of U[0, 1), [R]."""
    edges = categorical.probs.double().cpu().numpy().cumsum(axis=1)
    return (noise[:, None] * edges[:, -1:] >= edges[:, :-1]).sum(axis=1)
