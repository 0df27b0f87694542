"""Worlds to explore: what execution earns after exploring, by agents trained here.

    python benchmarks/exploring.py dream-small blind-small rl2-small --seeds 0 1 2

Trains an entry for its steps (trainings go on where they were interrupted), then plays 480 tasks,
of which the first episode explores. `told` is DREAM's execution that is told the problem instead;
`distance_left` is what of the distance from the problem's latent is left after exploring
(of `PredictiveExploration`: of the model's error). `blind` learns execution without a latent;
`parts` embeds what is in the drawers, or where the buses go, in place of the problem's number.
Appends to `results/exploring.csv`.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path
from typing import Any

import torch
from results_table import add, commit

import agents

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs", "benchmarks", "exploring")
TABLE = RESULTS / "exploring.csv"
_CITY, _KITCHEN = "meta/BusGrid-v0", "meta/Cooking-v0"
_SMALL = {"buses": 3}  # six problems
_RECURRENT = {"n_envs": 128, "batch_size": 32, "n_epochs": 4, "learning_rate": 1e-3}
_PPO = {"batch_size": 32, "n_epochs": 4, "learning_rate": 1e-3}
_POSTERIOR = {
    **{"n_envs": 24, "n_initial_episodes": 4, "n_prior_episodes": 1, "n_posterior_episodes": 1},
    **{"n_extra_episodes": 0, "contexts": "trials", "gradient_steps": 50, "meta_batch_size": 6},
    **{"batch_size": 64, "learning_rate": 1e-3, "reward_scale": 10.0, "ent_coef": 0.1},
    "policy_kwargs": {
        **{"net_arch": (64, 64), "encoder_arch": (64, 64), "latent_size": 8},
        "next_observation": True,
    },
}
_STRAY = {"exploration_final_eps": 0.2}  # rides that are worth it together are found by chance
_PARTS = {"problem_parts": True}
_GREY = {"variant": "distracting", "split": "train"}  # and tested on the problems held out
_SIGN, _FRAMES = "meta/SignNavigation-v0", {"width": 48, "height": 36}
_PIXELS = {"n_envs": 32, "batch_size": 16, "n_epochs": 4, "learning_rate": 1e-3}
_SEEN = {"n_envs": 32, "buffer_size": 20_000, "policy_kwargs": {"frame_features": 64}}
_BY_GREY = "known .8, walking .3; no threshold"
_BY_SMALL = "known .8, walking .3, best without exploring .4; DREAM at least .70, told .75"
_BY_CITY = "known .8, walking and best without exploring .3; DREAM at least .65"
_BY_KITCHEN = "known .4667; at least .373"
# name: agent, id, keyword arguments of the id, of the agent, steps, reference
ENTRIES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], int, str]] = {
    "dream-small": ("DREAM", _CITY, _SMALL, {}, 200_000, _BY_SMALL),
    "blind-small": ("DREAM", _CITY, _SMALL, {"explore": "none"}, 200_000, "at most .45"),
    "uniform-small": ("DREAM", _CITY, _SMALL, {"explore": "uniform"}, 200_000, _BY_SMALL),
    "erl2-small": ("ERL2", _CITY, _SMALL, _PPO, 200_000, _BY_SMALL),
    "import-small": ("IMPORT", _CITY, _SMALL, _PPO, 200_000, _BY_SMALL),
    "predictive-small": ("PredictiveExploration", _CITY, _SMALL, {}, 200_000, _BY_SMALL),
    "rl2-small": ("RL2", _CITY, _SMALL, _RECURRENT, 200_000, _BY_SMALL),
    "pearl-small": ("PEARL", _CITY, _SMALL, _POSTERIOR, 200_000, _BY_SMALL),
    "varibad-small": ("VariBAD", _CITY, _SMALL, {"batch_size": 32}, 200_000, _BY_SMALL),
    "hyperx-small": ("HyperX", _CITY, _SMALL, {"batch_size": 32}, 200_000, _BY_SMALL),
    "posterior-small": ("BusPosteriorSampling", _CITY, _SMALL, _SMALL, 0, _BY_SMALL),
    "posterior-vanilla": ("BusPosteriorSampling", _CITY, {}, {}, 0, _BY_CITY),
    "posterior-distracting": (
        "BusPosteriorSampling",
        _CITY,
        _GREY,
        {"variant": "distracting"},
        0,
        _BY_GREY,
    ),
    "dream-vanilla": ("DREAM", _CITY, {}, _STRAY, 400_000, _BY_CITY),
    "dream-vanilla-parts": ("DREAM", _CITY, {}, _PARTS, 400_000, _BY_CITY),
    "rl2-vanilla": ("RL2", _CITY, {}, _RECURRENT, 400_000, _BY_CITY),
    "blind-vanilla": ("DREAM", _CITY, {}, {"explore": "none"}, 400_000, _BY_CITY),
    "erl2-vanilla": ("ERL2", _CITY, {}, _PPO, 400_000, _BY_CITY),
    "import-vanilla": ("IMPORT", _CITY, {}, _PPO, 400_000, _BY_CITY),
    "predictive-vanilla": ("PredictiveExploration", _CITY, {}, {}, 400_000, _BY_CITY),
    "dream-distracting": ("DREAM", _CITY, _GREY, _STRAY, 400_000, _BY_GREY),
    "dream-distracting-parts": ("DREAM", _CITY, _GREY, _PARTS, 400_000, _BY_GREY),
    "erl2-distracting": ("ERL2", _CITY, _GREY, _PPO, 400_000, _BY_GREY),
    "import-distracting": ("IMPORT", _CITY, _GREY, _PPO, 400_000, _BY_GREY),
    "predictive-distracting": ("PredictiveExploration", _CITY, _GREY, {}, 400_000, _BY_GREY),
    "dream-sign": ("DREAM", _SIGN, _FRAMES, _SEEN, 1_000_000, "known 1, guessing -.33"),
    "rl2-sign": ("RL2", _SIGN, _FRAMES, _PIXELS, 1_000_000, "known 1, guessing -.33"),
    "erl2-sign": ("ERL2", _SIGN, _FRAMES, _PIXELS, 1_000_000, "known 1, guessing -.33"),
    "dream-cooking": ("DREAM", _KITCHEN, {}, {}, 400_000, _BY_KITCHEN),
    "dream-cooking-parts": ("DREAM", _KITCHEN, {}, _PARTS, 1_200_000, _BY_KITCHEN),
    "rl2-cooking": ("RL2", _KITCHEN, {}, _RECURRENT, 400_000, _BY_KITCHEN),
}


def run(entry: str, seed: int, steps: int | None, keep: Path | None) -> None:
    """Train one seed, evaluate it, and write its row."""
    name, id, env_kwargs, arguments, total, reference = ENTRIES[entry]
    cls = getattr(agents, name, None) or getattr(agents.baselines, name)
    path = RUNS / f"{entry}-s{seed}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not total:
        agent = cls(**arguments)
    elif path.exists():
        agent = cls.load(path)
    else:
        policy = next(iter(cls.policy_aliases))
        agent = cls(policy, id, env_kwargs=env_kwargs, seed=seed, preset=None, **arguments)
    begun = time.perf_counter()
    left = 0 if not total else (steps or total) - agent.num_timesteps
    if left > 0:
        agent.learn(left, reset_num_timesteps=False, log_interval=None)
        agent.save(path)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            agent.save(keep / f"{name.lower()}-{entry.partition('-')[2]}-{seed}.zip")
    seconds = time.perf_counter() - begun
    tested = {**env_kwargs, "split": "test"} if "split" in env_kwargs else env_kwargs
    kwargs: dict[str, Any] = {"env_kwargs": tested, "num_tasks": 480, "seed": 1}
    curve = agents.evaluate(agent, id, exploration_episodes=1, **kwargs)
    told = ""
    if name == "DREAM" and agent.explore != "none":
        told = f"{agents.evaluate(agent.told(), id, **kwargs).execution()[0]:.3f}"
    left_over = f"{agent.distance_left():.3f}" if told else ""
    if name == "PredictiveExploration":
        left_over = f"{agent.error_left():.3f}"
    mean, error = curve.execution()
    row = {
        "commit": commit(dirty=True),
        "machine": platform.machine(),
        "entry": entry,
        "agent": name,
        "id": id,
        "split": curve.protocol["split"],
        "seed": seed,
        "steps": agent.num_timesteps if total else 0,
        "seconds": round(seconds),
        "execution": f"{mean:.3f}",
        "standard_error": f"{error:.3f}",
        "success": f"{curve.execution('success')[0]:.3f}",
        "told": told,
        "distance_left": left_over,
        "reference": reference,
    }
    add(TABLE, row)
    print(row, flush=True)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    parser.add_argument("--keep", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for entry in arguments.entries:
        for seed in arguments.seeds:
            run(entry, seed, arguments.steps, arguments.keep)


if __name__ == "__main__":
    main()
