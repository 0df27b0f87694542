"""Presets of gradient-based agents: per id, with the source of the settings and what they scored.

Tasks, episodes and inner rates are the papers' (40 tasks of 20 episodes, rate .1) where nothing
else is said; networks are ProMP's (64-64 tanh) throughout. Schedules and trust regions are ours,
tuned on seeds 2 and 3. Scores are in `benchmarks/results/gradient.csv`. PointNavigation while
tuning (seed 3, 400 held-out goals, 20 episodes a step), after 1, 2, 3 steps: MAML -12.02, -3.91,
-2.79 (8 million steps) and ProMP -11.91, -3.80, -2.51 (10 million).
"""

from typing import Any

Presets = dict[str, dict[str, Any]]

_POINT, _CORNER = "meta/PointNavigation-v0", "meta/PointCorner-v0"
_NETWORK = {"policy_kwargs": {"net_arch": (64, 64)}}
# Gradient steps beyond the first shrink by .4 each: .5 overshoots goals, .25 does not reach them.
_LATER = {**_NETWORK, "later_inner_lr": 0.4}
_FADING = {**_LATER, "learning_rate": ("linear", 4e-3, 3e-4)}
_CHEETAHS = ("meta/HalfCheetahDir-v0", "meta/HalfCheetahVel-v0")


def _for(ids: tuple[str, ...], arguments: dict[str, Any]) -> Presets:
    """Return one preset per id, named after it: `"point-navigation"`, `"half-cheetah-dir"`, ..."""
    names = {
        _POINT: "point-navigation",
        _CORNER: "point-corner",
        _CHEETAHS[0]: "half-cheetah-dir",
        _CHEETAHS[1]: "half-cheetah-vel",
    }
    return {names[one]: {"id": one, "arguments": dict(arguments)} for one in ids}


_THREE = {"inner_steps": 3, **_NETWORK}  # as in ProMP's section 7.3

# Half of the tasks measure the curvature: with a fifth, steps are shorter and learning is slower.
_CAREFUL = {"target_kl": ("linear", 0.02, 0.005), "sub_sampling_factor": 2}
_REGION = {**_LATER, **_CAREFUL}

# Meta-World: metaworld-algorithms (`examples/meta_learning/maml_trpo_ml1.py`) at 30c9991: 10 tasks
# of 10 episodes an iteration, one inner step of rate .1, gamma .99, lambda 1, regions of .01.
# Different here: widths of 128 instead of 512, for two CPU cores. MAML on reach: .96, .94 and
# .96 of the test goals by modes after one step, after 2 million steps (PPO without memory .14).
_METAWORLD = {
    "n_envs": 100,
    "rows_per_task": 10,
    "inner_steps": 1,
    "inner_lr": 0.1,
    "gamma": 0.99,
    "gae_lambda": 1.0,
    "target_kl": 0.01,
    "policy_kwargs": {"net_arch": (128, 128)},
}
_ML1 = ("reach-v3", "push-v3", "pick-place-v3")


def _ml1(arguments: dict[str, Any]) -> Presets:
    """Return presets of ML1 on some environments: `"ml1-reach"`, ..."""
    return {
        f"ml1-{name.removesuffix('-v3')}": {
            "id": "meta/ML1-v0",
            "env_kwargs": {"task_name": name},
            "arguments": dict(arguments),
        }
        for name in _ML1
    }


# The papers' 40 tasks of 20 episodes are 320,000 steps an iteration of a cheetah: after 45 of them
# MAML has the returns of chance (-28). Here iterations are smaller, inner rates larger, and
# advantages cut at lambda .95; ten episodes a gradient step in training, twenty in the benchmark.
# Tuned for MetaSGD; MAML and ProMP have 457 and 481 after 3 million steps of HalfCheetahDir (seed
# 77, 20 tasks).
_CHEETAH: dict[str, Any] = {
    "rows_per_task": 10,
    "inner_lr": 0.5,
    "later_inner_lr": 0.4,
    "gae_lambda": 0.95,
    "policy_kwargs": {"net_arch": (64, 64), "log_std_init": -0.5},
}
_CHASER = {**_CHEETAH, "n_envs": 200}
# Observations in units of their deviation (joint speeds of 10 saturate tanh) and as many tasks of
# each direction in every iteration.
_RUNNER = {
    **_CHEETAH,
    "n_envs": 80,
    "balance": "direction",
    "policy_kwargs": {**_CHEETAH["policy_kwargs"], "normalize_observation": True},
}


def _cheetahs(arguments: dict[str, Any]) -> Presets:
    """Return presets of both cheetahs: what they need, and `arguments` of the outer loop."""
    runner, chaser = {**_RUNNER, **arguments}, {**_CHASER, **arguments}
    return {**_for(_CHEETAHS[:1], runner), **_for(_CHEETAHS[1:], chaser)}


MAML: Presets = {
    **_for((_POINT,), _REGION),
    **_cheetahs(_CAREFUL),
    **_for((_CORNER,), _THREE),
    **_ml1(_METAWORLD),
}
EMAML: Presets = dict(MAML)
# Smaller actions from the start: 10 million steps are too few for ProMP to shrink them itself.
_STEADY = {**_FADING, "policy_kwargs": {"net_arch": (64, 64), "log_std_init": -0.5}}
PROMP: Presets = {
    **_for((_POINT,), _STEADY),
    **_cheetahs({"n_epochs": 5, "learning_rate": ("linear", 3e-3, 3e-4)}),
    **_for((_CORNER,), {**_THREE, "learning_rate": ("linear", 4e-3, 1e-3)}),
    **_ml1({**_METAWORLD, "learning_rate": 1e-3}),
}
FOMAML: Presets = {**_for((_POINT,), _REGION), **_cheetahs(_CAREFUL)}
_LEARNT = {**_FADING, "n_epochs": 5, "estimator": "lvc"}  # with ProMP's outer loop
# HalfCheetahVel: a gradient step leads from -218 to -139 after 12 million steps (3 seeds); after 4
# million, then still with ProMP's penalty on the inner KL, from -260 to -199, and from -245 to -241
# with the paper's lambda of 1 and rates that begin at .1 (one seed each). HalfCheetahDir: 712, 790,
# 923 after 20 million (fresh seeds 10-12; an oracle has 1,165); with observations as they are and
# directions as they come 601 (one seed), as 8 million steps reach now. Seed 10 runs backwards as
# well as an oracle, and forwards at a third of that. After 8 million steps, one seed each, half the
# tasks with ten epochs at 1e-3 are as good, widths of 128 and more noise worse.
METASGD: Presets = {
    **_for((_POINT,), _LEARNT),
    **_for(_CHEETAHS[:1], {**_LEARNT, **_RUNNER, "learning_rate": ("linear", 3e-3, 3e-4)}),
    **_for(_CHEETAHS[1:], {**_LEARNT, **_CHASER, "learning_rate": ("linear", 3e-3, 5e-4)}),
}
REPTILE: Presets = {**_for((_POINT, *_CHEETAHS), _LATER)}
SUPERVISED: Presets = {}
# By the paper's sizes an iteration is 320,000 steps. Thrust pays within the five steps that drag
# takes: with the paper's gamma of .995 advantages are mostly what else happens later (of eight rows
# where a thruster has failed a gradient of -.08 with a deviation of .2; -.21 with .9), and no inner
# rate helped a policy that PPO had trained without adaptation (17 in episodes 6 and 7; with .9 from
# 22 to 28). Clipped at .1, as in the paper, steps have the gradient's sign and little of its size.
# Rates begin at the paper's 1e-3 and rise at a twentieth of the policy's pace: where they are .1
# from the start, the policy learns to begin with little thrust and to rely on the steps, and earns
# less before and after them. Twenty outer steps an iteration on eight tasks fitted their noise.
_FAILING = {
    "learning_rate": ("linear", 2e-3, 2e-4),
    "inner_steps": 1,
    "inner_lr_pace": 0.05,
    "inner_grad_clip": 1.0,
    "exploration_coef": 0.0,
    "iw": "step",
    "iw_clip": 2.0,
}
CONTINUOUS: Presets = {
    "thrusters": {
        "id": "meta/Thrusters-v0",
        "arguments": {
            **_FAILING,
            "n_envs": 240,
            "rows_per_task": 20,
            "n_epochs": 8,
            "gamma": 0.9,
            "gae_lambda": 0.9,
            "policy_kwargs": {"net_arch": (64, 64), "log_std_init": -1.0},
        },
    },
    # As for thrusters, with fewer rows, as the ant's steps are dear. Twenty outer steps learn
    # faster than eight, gamma .95 than .98, a rate of 2e-3 than half of it: 53 a training episode
    # after 420,000 steps without adaptation, 40 with half the rate, 32 with .98 too, 26 with eight
    # steps at half the rate (one seed each).
    "crippled-ant": {
        "id": "meta/CrippledAnt-v0",
        "arguments": {
            **_FAILING,
            "n_envs": 96,
            "rows_per_task": 8,
            "n_epochs": 20,
            "gamma": 0.95,
            "gae_lambda": 0.95,
            "policy_kwargs": {
                "net_arch": (64, 64),
                "log_std_init": -1.0,
                "normalize_observation": True,
            },
        },
    },
}
_STEPS = ("inner_steps", "inner_lr_pace")  # which tracking has none of
TRACKING: Presets = {
    name: {
        "id": preset["id"],
        "arguments": {key: one for key, one in preset["arguments"].items() if key not in _STEPS},
    }
    for name, preset in CONTINUOUS.items()
}
# Trained dense for 450,000 steps (fresh seeds 7-9), sparse returns of test goals after 0, 1, 10
# steps of 20 episodes: .70, 1.43, 2.50 in the mean. More training narrows where unadapted episodes
# end: 6, 6, 5 of eight parts of the half circle then, 4, 5, 5 after 2 million, 2 after 6.
MAESN: Presets = {
    "sparse-point": {
        "id": "meta/SparsePoint-v0",
        "env_kwargs": {"reward": "dense"},
        "arguments": {"target_kl": 0.03},
    },
}
