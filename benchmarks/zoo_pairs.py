"""What `benchmarks/zoo.py` trains: agents, ids, and budgets, most of a minute, robots' of ten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.zoo.entry import name_of


@dataclass(frozen=True)
class Pair:
    """An agent on an id.

    Args:
        agent: Name of the algorithm.
        id: What it is trained on.
        steps: Environment steps.
        arguments: Of the constructor; presets and defaults give the others.
        env_kwargs: Of the id.
        protocol: Of the evaluation, beside its seed.
        policy: None is the algorithm's first.
    """

    agent: str
    id: str
    steps: int
    arguments: dict[str, Any] = field(default_factory=dict)
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=lambda: {"num_tasks": 1000})
    policy: str | None = None

    @property
    def name(self) -> str:
        """Return the name of its entry."""
        return name_of(self.agent, self.id)


def _rl2(
    id: str, steps: int, preset: str | None = None, rows: int | None = None, **more: Any
) -> Pair:
    """RL2 by its preset for the id, or by another id's, with fewer rows where trials are long."""
    given: dict[str, Any] = {} if preset is None else {"preset": preset}
    given |= {} if rows is None else {"n_envs": rows, "batch_size": rows // 4}
    return Pair("rl2", f"meta/{id}-v0", steps, given, **more)


_ROUNDS = {"num_tasks": 200, "rows_per_task": 20, "episodes": 4}
_RUN = {"num_tasks": 100}
_ONE_STEP = {"num_tasks": 20, "rows_per_task": 10, "episodes": 2}
_FAILING = {"num_tasks": 60, "rows_per_task": 20, "episodes": 7}
_LIMPING = {"num_tasks": 24, "rows_per_task": 8, "episodes": 7}


def _steps(
    agent: str, id: str, steps: int, rounds: dict[str, int] | None = None, **more: Any
) -> Pair:
    """An agent of gradient steps: twenty episodes a step, three steps, if not said otherwise."""
    return Pair(agent, f"meta/{id}-v0", steps, protocol=rounds or _ROUNDS, **more)


def _life(agent: str, id: str, steps: int, tasks: int = 200, **more: Any) -> Pair:
    return Pair(agent, id, steps, protocol={"num_tasks": tasks}, **more)


_ALL = {"split": "all"}
_BANDIT, _GRID = "dependent-bandit", "grid-navi"
_POLE = {
    **{"n_envs": 8, "n_steps": 8, "learning_rate": 4e-3},
    "policy_kwargs": {"net_arch": [64, 64], "separate": ["value"]},
}
_CATCH = {
    **{"n_envs": 16, "n_steps": 16, "learning_rate": 2e-3, "policy_kwargs": {"net_arch": [64]}},
    **{"eta_start": {"gamma": 0.5}, "meta_learning_rate": 1e-2},
}
WRESTLER = {
    **{"task": "changing", "n_envs": 32, "n_steps": 64, "learning_rate": 7e-4, "gamma": 0.99},
    **{"ent_coef": 0.0, "n_epochs": 8},
    "policy_kwargs": {"net_arch": [32, 32], "separate": ["value"], "log_std_init": -0.7},
}
# Of legged bodies: PPO without adaptation, whose policy standardises what it sees.
LEGGED_WRESTLER = {
    **{"inner_steps": 0, "exploration_coef": 0.0, "n_envs": 64, "rows_per_task": 8},
    **{"learning_rate": ("linear", 1e-3, 3e-4), "n_epochs": 20},
    "policy_kwargs": {
        **{"net_arch": (32, 32), "normalize_observation": True, "log_std_init": -0.7},
    },
}
_LINEAR = {"population": 32, "learning_rate": 0.1, "sigma": 0.3, "policy_kwargs": {"net_arch": ()}}
_MEMORY = {"batch_size": 32, "n_epochs": 4, "learning_rate": 1e-3}
_SPARSE_GRID = {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4}
_LIVES = {"num_tasks": 24, "rows_per_task": 16, "steps": 1000, "bins": 50}
_SHOWN = {"num_tasks": 300, "episodes": 1, "demonstrations": 1}
_SKILLS = {"bound": 1.0, "terminate": False, "max_episode_steps": 25}
_GLYPHS = {
    **{"shots": 5, "queries": 10, "n_tasks": 16, "inner_lr": 0.4, "n_batches": 50},
    **{"learning_rate": ("linear", 2e-3, 2e-4), "policy_kwargs": {"filters": 32, "n_layers": 3}},
}
_RUNS = {"n_skills": 20, "updates_per_step": 0.5, "batch_size": 256}
_FEW = {"capacity": 2000, "neighbours": 10, "gamma": 0.99, "horizon": 50}
_BRIEF = {"max_episode_steps": 100}

PAIRS: tuple[Pair, ...] = (
    # ---- learners with a memory
    _rl2("DependentBandit", 1_000_000),
    _rl2("BernoulliBandit", 1_000_000, env_kwargs={"arms": 5, "pulls": 10}),
    _rl2("GaussianBandit", 600_000, _BANDIT),
    _rl2("InformativeBandit", 2_000_000, env_kwargs=_ALL),
    _rl2("RestlessBandit", 600_000, _BANDIT),
    _rl2("RecurringBandit", 800_000, _BANDIT, 64),
    _rl2("GridNavi", 1_500_000, env_kwargs=_ALL),
    _rl2("DarkRoom", 800_000, _GRID, 64),
    _rl2("DarkKeyDoor", 800_000, _GRID, 64),
    _rl2("FrozenLake", 800_000, _GRID, 64),
    _rl2("TMaze", 500_000, _GRID),
    _rl2("Harlow", 800_000, _GRID),
    _rl2("RandomMaze", 800_000, _GRID, 64),
    _rl2("TabularMDP", 800_000),
    _rl2("TabularGrid", 600_000, _GRID, env_kwargs=_SPARSE_GRID),
    _rl2("DelayedChain", 600_000, _GRID),
    _rl2("RandomCartPole", 200_000, "half-cheetah-dir"),
    _rl2("RandomPendulum", 400_000, "half-cheetah-dir"),
    _rl2("PointGoal", 200_000, "half-cheetah-dir"),
    _rl2("PointMomentum", 200_000, "half-cheetah-dir"),
    _rl2("RandomReacher", 60_000, "half-cheetah-dir", protocol={"num_tasks": 200}),
    _rl2("HalfCheetahDir", 2_000_000, protocol=_RUN),
    _rl2("HalfCheetahVel", 2_000_000, protocol=_RUN),
    _rl2("RandomHopper", 2_000_000, protocol=_RUN),
    Pair("l2rl", "meta/TwoStep-v0", 3_000_000),
    Pair("episodiclstm", "meta/RecurringBandit-v0", 4_000_000, protocol={"num_tasks": 300}),
    Pair("snail", "meta/DependentBandit-v0", 600_000),
    Pair("varibad", "meta/GridNavi-v0", 1_500_000, env_kwargs=_ALL),
    Pair(
        *("hyperx", "meta/GridNavi-v0", 3_000_000),
        env_kwargs={"steps": 10, "gate": True, "split": "all"},
    ),
    Pair(
        *("pearl", "meta/PointGoal-v0", 60_000),
        protocol={"num_tasks": 300, "episodes": 3},
    ),
    Pair("dream", "meta/BusGrid-v0", 200_000, env_kwargs={"buses": 3}),
    Pair("dream", "meta/Cooking-v0", 1_200_000),
    Pair("predictiveexploration", "meta/BusGrid-v0", 200_000, env_kwargs={"buses": 3}),
    Pair("import", "meta/BusGrid-v0", 400_000, _MEMORY, {"buses": 3}),
    Pair("erl2", "meta/BusGrid-v0", 400_000, _MEMORY, {"buses": 3}),
    _rl2("VisualMaze", 200_000, None, 16, protocol={"num_tasks": 200}),
    _rl2("SignNavigation", 100_000, None, 32, env_kwargs={"width": 48, "height": 36}),
    Pair(
        *("algorithmdistillation", "meta/BernoulliBandit-v0", 1_200_000),
        env_kwargs={"arms": 5, "pulls": 50},
    ),
    Pair("incontext", "meta/GridNavi-v0", 400_000, env_kwargs=_ALL),
    # ---- gradient steps
    _steps("maml", "PointNavigation", 2_000_000),
    _steps("fomaml", "PointNavigation", 2_000_000),
    _steps("metasgd", "PointNavigation", 2_000_000),
    _steps(
        *("reptile", "BernoulliBandit", 1_000_000),
        arguments={"inner_lr": 1.0},
        env_kwargs={"arms": 5, "pulls": 10},
    ),
    _steps("promp", "PointCorner", 4_000_000),
    _steps("emaml", "PointCorner", 4_000_000),
    _steps("maml", "HalfCheetahDir", 8_000_000, _ONE_STEP),
    _steps("promp", "HalfCheetahVel", 8_000_000, _ONE_STEP),
    _steps("maml", "PointSkillReward", 1_500_000, arguments={"preset": "point-navigation"}),
    _steps("promp", "PointWalls", 1_500_000, arguments={"preset": "point-corner"}),
    Pair(
        *("maesn", "meta/SparsePoint-v0", 1_000_000),
        env_kwargs={"reward": "dense"},
        protocol={"num_tasks": 100, "rows_per_task": 20, "episodes": 4},
    ),
    Pair("supervisedmaml", "meta/Sinusoid-v0", 1_500_000),
    Pair(
        *("supervisedmaml", "meta/FewShotImages-v0", 300_000, _GLYPHS, {"size": 14}),
        policy="ConvRegressor",
    ),
    # Needs the environment of `make metaworld`.
    _rl2("ML1", 600_000, env_kwargs={"task_name": "reach-v3"}, protocol={"num_tasks": 50}),
    _steps("maml", "ML1", 2_000_000, _ONE_STEP, env_kwargs={"task_name": "reach-v3"}),
    _steps("continuousmaml", "Thrusters", 8_000_000, rounds=_FAILING),
    _steps("ppotracking", "Thrusters", 8_000_000, rounds=_FAILING),
    # these three as `change.py continuous tracking rl2 --id meta/CrippledAnt-v0` trains them
    _steps("continuousmaml", "CrippledAnt", 4_000_000, rounds=_LIMPING),
    _steps("ppotracking", "CrippledAnt", 4_000_000, rounds=_LIMPING),
    _rl2("CrippledAnt", 4_000_000, protocol={"num_tasks": 24}),
    Pair(  # as `sumo.py training --body ant` trains it
        *("continuousmaml", "meta/Sumo-v0", 6_000_000),
        arguments=LEGGED_WRESTLER,
        env_kwargs={"reward_scale": 1e-3, "body": "ant", "split": "all"},
        protocol={"num_tasks": 120, "episodes": 3},
    ),
    Pair("bc", "meta/FeatureReach-v0", 1_000_000),
    Pair("mil", "meta/PointGoal-v0", 600_000, protocol=_SHOWN),
    Pair(
        *("mil", "meta/FeatureReach-v0", 10_800_000),
        arguments={"preset": "feature-reach"},
        env_kwargs={"steps": 14},
        protocol=_SHOWN,
    ),
    Pair(  # `imitation.py mil-reach` trains it on a hundred pairs of looks
        *("mil", "meta/Reach2D-v0", 1_500_000, {"preset": "reach2-d"}),
        env_kwargs={"steps": 12},
        protocol=_SHOWN,
        policy="CnnPolicy",
    ),
    Pair("conditionalbc", "meta/PointGoal-v0", 600_000, protocol=_SHOWN),
    Pair(
        *("conditionalbc", "meta/Reach2D-v0", 400_000, {"learning_rate": ("linear", 1e-3, 1e-4)}),
        env_kwargs={"pixels": 24, "steps": 20},
        protocol=_SHOWN,
        policy="CnnPolicy",
    ),
    # ---- one lifetime
    _life("a2c", "CartPole-v1", 40_000),
    _life("impala", "CartPole-v1", 40_000),
    _life("ppo", "CartPole-v1", 40_000),
    _life("dpo", "CartPole-v1", 40_000),
    _life("metagradient", "CartPole-v1", 30_000),
    _life("ppo", "meta/RandomCartPole-v0", 60_000, arguments={"task": "changing", **_POLE}),
    _life(
        *("ppo", "meta/Sumo-v0", 400_000),
        arguments=WRESTLER,
        env_kwargs={"reward_scale": 1e-3},
    ),
    _life("stac", "CartPole-v1", 40_000),
    _life("stacx", "CartPole-v1", 30_000),
    _life("bmg", "CartPole-v1", 30_000, arguments={**_POLE, "meta_learning_rate": 1e-3}),
    _life("qbmg", "CartPole-v1", 60_000, arguments={"n_envs": 8, "n_steps": 8}),
    _life("frodo", "CartPole-v1", 60_000, arguments={**_POLE, "learning_rate": 1e-3}),
    _life("stac", "meta/Catch-v0", 60_000, arguments=_CATCH),
    _life("mfec", "CartPole-v1", 20_000, arguments={"capacity": 2000, "gamma": 1.0}),
    _life("nec", "CartPole-v1", 10_000, arguments=_FEW),
    Pair(
        *("mlsh", "meta/MovingBandits-v0", 2_400_000),
        protocol={"num_tasks": 20, "rows_per_task": 20, "episodes": 6},
    ),
    # ---- populations, rules and skills
    _life("es", "CartPole-v1", 100_000, arguments=_LINEAR),
    Pair(  # its entry was trained on flat ground alone, by `populations.py es-terrain`
        *("es", "meta/Terrain-v0", 19_000_000),
        env_kwargs={"max_episode_steps": 600},
        protocol={"num_tasks": 50, "episodes": 1},
    ),
    Pair(
        *("pbt", "meta/DependentBandit-v0", 800_000),
        arguments={
            **{"algorithm": "rl2", "members": 4, "ready": 60_000, "learning_rate": 2e-3},
            "n_envs": 64,
            "member_kwargs": {
                **{"batch_size": 16, "n_epochs": 8, "gae_lambda": 0.3},
                "policy_kwargs": {"hidden_size": 32},  # an entry holds all members
            },
            "explore": {"learning_rate": ("log", 1e-4, 1e-2)},
        },
        policy="GruPolicy",
    ),
    Pair(  # as `populations.py poet-terrain` trains it
        *("poet", "meta/Terrain-v0", 25_000_000),
        env_kwargs={"max_episode_steps": 600},
        protocol={"num_tasks": 50, "episodes": 1},
    ),
    Pair(
        *("enhancedpoet", "meta/CPPNTerrain-v0", 40_000),
        arguments={
            **{"population": 16, "capacity": 3, "transfer_interval": 3, "eval_episodes": 1},
            **{"reproduction_interval": 4, "reproduce_at": -100.0, "lowest": -1000.0},
        },
        env_kwargs=_BRIEF,
        protocol={"num_tasks": 50},
    ),
    Pair(
        *("lpg", "meta/TabularGrid-v0", 7_372_800),
        env_kwargs=_SPARSE_GRID,
        protocol=_LIVES,
    ),
    Pair("lpo", "meta/TabularGrid-v0", 1_500_000, env_kwargs=_SPARSE_GRID, protocol=_LIVES),
    Pair(
        *("epg", "meta/PointGoal-v0", 60_600_000),
        protocol={"num_tasks": 64, "steps": 512, "bins": 8},
    ),
    Pair(
        *("epg", "meta/RandomHopper-v0", 12_400_000, {"preset": None, "population": 16}),
        protocol={"num_tasks": 16, "steps": 2048, "bins": 8},
    ),
    Pair(
        *("metagenrl", "meta/RandomPendulum-v0", 30_000),
        protocol={"num_tasks": 8, "steps": 5000, "bins": 10},
    ),
    Pair("diayn", "meta/PointNavigation-v0", 18_000, env_kwargs=_SKILLS),
    Pair(
        *("diayn", "meta/HalfCheetahVel-v0", 60_000, _RUNS),
        protocol={"num_tasks": 20},
    ),
)
