"""The smallest of every agent, for laws over all of them, and a family that misbehaves at will."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import agents
import meta_envs

_TRIALS = {"n_envs": 4, "policy_kwargs": {"hidden_size": 4}}
_ROUNDS = {"n_envs": 4, "rows_per_task": 2, "policy_kwargs": {"net_arch": (4,)}}
_TINY = {"policy_kwargs": {"net_arch": (4,)}}
_OF: dict[str, dict[str, Any]] = {
    "RL2": {"policy": "GruPolicy", "n_epochs": 1, "batch_size": None, **_TRIALS},
    "ERL2": {"policy": "GruPolicy", "n_epochs": 1, "batch_size": None, **_TRIALS},
    "IMPORT": {"policy": "GruPolicy", "n_epochs": 1, "batch_size": None, **_TRIALS},
    "SNAIL": {
        **{"policy": "SnailPolicy", "n_epochs": 1, "batch_size": None, "n_envs": 4},
        "policy_kwargs": {"core_kwargs": {"filters": 2, "key_size": 2, "value_size": 2}},
    },
    "L2RL": {"policy": "LstmPolicy", **_TRIALS},
    "EpisodicLSTM": {"policy": "EpisodicLstmPolicy", **_TRIALS},
    **dict.fromkeys(
        ("VariBAD", "HyperX"),
        {
            **{"policy": "BeliefPolicy", "n_envs": 4, "batch_size": None, "n_epochs": 1},
            "vae_updates": 1,
        },
    ),
    "PEARL": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_train_tasks": 2, "n_initial_episodes": 1},
        **{"gradient_steps": 1, "meta_batch_size": 2, "batch_size": 4, "context_batch_size": 4},
    },
    "A2C": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3},
    "IMPALA": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "lag": 1},
    "STAC": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3},
    "STACX": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3},
    "MetaGradient": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, **_TINY},
    "BMG": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "target_steps": 2, **_TINY},
    "QBMG": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "target_steps": 2, **_TINY},
    "FRODO": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "inner_steps": 2},
        **{"target_width": 4, **_TINY},
    },
    "ES": {"policy": "MlpPolicy", "n_envs": 4, "population": 4},
    "POET": {"policy": "MlpPolicy", "n_envs": 4, "population": 4},
    "EnhancedPOET": {"policy": "MlpPolicy", "n_envs": 4, "population": 4, "eval_episodes": 1},
    "PBT": {
        **{"policy": "l2rl", "n_envs": 4, "members": 2, "ready": 1, "score_tasks": 2},
        "policy_kwargs": {"hidden_size": 4},
    },
    "PPO": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "n_minibatches": 2, **_TINY},
    "DPO": {"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "n_minibatches": 2, **_TINY},
    "LPO": {
        **{"policy": "MlpPolicy", "n_envs": 4, "population": 4, "rows_per_task": 2, "life": 4},
        **{"n_steps": 2, "n_minibatches": 2, "n_epochs": 1, "drift_size": 4, "n_episodes": 1},
        **_TINY,
    },
    "EPG": {
        **{"policy": "MlpPolicy", "n_envs": 2, "population": 4, "life": 4, "n_steps": 2},
        **{"buffer_size": 21, "memory_size": 2, "n_episodes": 1, **_TINY},
    },
    "MetaGenRL": {
        **{"policy": "MlpPolicy", "n_envs": 2, "n_steps": 3, "window": 2, "batch_size": 2},
        **{"buffer_size": 30, "updates_per_step": 0.7, "random_steps": 3, "anneal_steps": 6},
        **{"objective_delay": 1, "mirror": True, "lifetime": 9, **_TINY},
    },
    "DiscoRL": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "batch_size": 2, "buffer_size": 20},
        **{"learning_starts": 1, "weights": "random"},
        "policy_kwargs": {"net_arch": (4,), "model_size": 4},
    },
    "DIAYN": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_skills": 2, "learning_starts": 1},
        **{"updates_per_step": 0.2, "batch_size": 4, **_TINY},
    },
    "DREAM": {
        **{"policy": "GruPolicy", "n_envs": 4, "gradient_steps": 1, "batch_size": 4},
        **{"buffer_size": 1000, "policy_kwargs": {"hidden_size": 4, "latent_size": 2}},
    },
    "PredictiveExploration": {
        **{"policy": "GruPolicy", "n_envs": 4, "gradient_steps": 1, "batch_size": 4},
        **{"buffer_size": 1000, "policy_kwargs": {"hidden_size": 4, "latent_size": 2}},
    },
    "MFEC": {"policy": "ProjectionPolicy", "n_envs": 4, "n_steps": 3, "capacity": 8},
    "NEC": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_steps": 3, "capacity": 8, "horizon": 2},
        **{"learning_starts": 4, "batch_size": 4, "buffer_size": 32},
        "policy_kwargs": {"net_arch": (4,), "key_size": 3},
    },
    "MLSH": {
        **{"policy": "MlpPolicy", "n_envs": 4, "rows_per_task": 2, "n_steps": 3, "n_epochs": 1},
        **{"macro_length": 2, "warmup_updates": 1, "n_minibatches": 2, **_TINY},
    },
    "BC": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_episodes": 1, "batch_size": 4, "n_batches": 2},
        **_TINY,
    },
    "MIL": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_episodes": 2, "n_tasks": 2, "n_batches": 2},
        **_TINY,
    },
    "ConditionalBC": {
        **{"policy": "MlpPolicy", "n_envs": 4, "n_episodes": 2, "n_tasks": 2, "n_batches": 2},
        "policy_kwargs": {"net_arch": (4,), "hidden_size": 4},
    },
    "InContext": {
        **{"policy": "TransformerPolicy", "n_envs": 4, "gradient_steps": 1, "batch_size": 4},
        **{"buffer_size": 1000, "gammas": (0.5, 0.9)},
        "policy_kwargs": {"hidden_size": 4, "embedding_sizes": (4,), "critic_size": 4},
    },
    "AlgorithmDistillation": {
        **{"policy": "TransformerPolicy", "n_envs": 4, "batch_size": 4, "n_batches": 2},
        "teacher": "random",
        "policy_kwargs": {"hidden_size": 4, "embedding_sizes": (4,)},
    },
    "LPG": {
        **{"policy": "MlpPolicy", "n_envs": 4, "rows_per_task": 2, "n_steps": 1, "n_updates": 2},
        **{"rule_size": 4, "n_predictions": 3, **_TINY},
    },
    "MAESN": {"policy": "MlpPolicy", "n_train_tasks": 4, **_ROUNDS},
    "SupervisedMAML": {
        **{"policy": "MlpRegressor", "n_tasks": 2, "shots": 2, "queries": 2, "n_batches": 1},
    },
}
# those that take Discrete actions alone
_CHOOSE = ("DiscoRL", "DREAM", "PredictiveExploration", "MFEC", "NEC", "QBMG")
NAMES = [place.partition(":")[2] for place in agents.ALGORITHMS.values()]
# These play nothing: they draw pairs, or steps of a demonstration.
_ENVS = {
    "SupervisedMAML": "meta/Sinusoid-v0",
    **dict.fromkeys(("BC", "MIL", "ConditionalBC"), "meta/PointGoal-v0"),
    "AlgorithmDistillation": "meta/PointGoal-v0",
}
PLAYERS = [name for name in NAMES if name not in _ENVS]


def make(name: str, env: Any = None, **more: Any) -> Any:
    """Make the smallest agent of a name."""
    if env is None:
        env = _ENVS.get(name, "small/Nagging-v0")
    if name in _CHOOSE and env == "small/Nagging-v0":
        more["env_kwargs"] = {"discrete": True, **more.get("env_kwargs", {})}
    given = {**_OF.get(name, {"policy": "MlpPolicy", **_ROUNDS}), "preset": None, "seed": 0, **more}
    if not isinstance(env, str):
        given.pop("n_envs", None)
    return getattr(agents, name)(given.pop("policy"), env, **given)


class Nagging(meta_envs.MetaVectorEnv):
    """Episodes of 3 steps that succeed in the second; what it returns can be made wrong.

    Its arrays of infos are the same at every step, as some families' are.

    Args:
        wrong: `"reward"`, `"observation"`, `"start"` or `"success"`; None is nothing.
        value: What is put there, at step 2 of every episode in row 1 (at step 3 for a start).
        only_at_ends: Speak of success at the ends of episodes alone.
        discrete: Choose one of two actions, 0 or 1.
    """

    def __init__(
        self,
        wrong: str | None = None,
        value: float = np.nan,
        only_at_ends: bool = False,
        discrete: bool = False,
        **core: Any,
    ):
        self.wrong, self.value, self.only_at_ends = wrong, value, only_at_ends
        super().__init__(
            task_space=spaces.Dict({"arm": spaces.Discrete(2)}),
            observation_space=spaces.Box(-np.inf, np.inf, (1,), np.float32),
            action_space=spaces.Discrete(2)
            if discrete
            else spaces.Box(-1.0, 1.0, (1,), np.float32),
            **core,
        )
        self.infos = {"success": np.zeros(self.num_envs)}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"arm": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        first = np.zeros((len(rows), 1), dtype=np.float32)
        if self.wrong == "start" and self._observations is not None:
            first[rows == 1] = self.value
        return first

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        observations = self.elapsed[:, None].astype(np.float32)
        rewards = self.elapsed + 0.1 * actions.reshape(-1).astype(np.float64)
        self.infos["success"][:] = self.elapsed == (3 if self.only_at_ends else 2)
        here = np.flatnonzero((self.elapsed == 2) & (np.arange(self.num_envs) == 1))
        if self.wrong == "reward":
            rewards[here] = self.value
        elif self.wrong == "observation":
            observations[here] = self.value
        elif self.wrong == "success":
            self.infos["success"][here] = self.value
        over = self.elapsed >= 3
        told = self.infos if over.any() or not self.only_at_ends else {}
        return observations, rewards, over, dict(told)


meta_envs.register(
    "small/Nagging-v0",
    f"{__name__}:Nagging",
    episodes_per_trial=2,
    summary="A toy",
    source="tests",
)
