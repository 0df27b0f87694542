"""Learning in context: what agents without gradients earn as a trial goes on.

    python benchmarks/incontext.py ad-bandit ad-room in-context-navi in-context-room --seeds 0 1 2

Trains an entry (trainings go on where they were interrupted), plays held-out tasks (`split`), and
appends to `results/incontext.csv` the mean return of a trial, of its first and of its last quarter
(of steps), beside the same of a reference player: the teacher that algorithm distillation imitates,
or an oracle told the goal. `teacher_end` is the mean return of the recorded teacher in the last
tenth of its episodes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from results_table import add, machine
from resumed import trained

import agents
from agents import AdaptationCurve, baselines, evaluate

TABLE = Path(__file__).parent / "results" / "incontext.csv"
_BANDIT = ("meta/BernoulliBandit-v0", {"arms": 5, "pulls": 50})
_ROOM = ("meta/DarkRoom-v0", {"size": 5, "steps": 15})
_NAVI = ("meta/GridNavi-v0", {"split": "all"})
_PPO = {
    **{"n_steps": 30, "n_epochs": 4, "n_minibatches": 4, "learning_rate": 2.5e-3},
    **{"ent_coef": 0.02, "policy_kwargs": {"net_arch": (32,)}},
}
_SMALL = {"embedding_sizes": (64,), "hidden_size": 64}
# name: agent, id, keyword arguments of the id, of the agent, steps, reference
ENTRIES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], int, str]] = {
    "ad-bandit": (
        *("AlgorithmDistillation", *_BANDIT),
        {"teacher": "ucb1", "n_envs": 2000, "learning_rate": ("linear", 2e-3, 1e-4)},
        1_600_000,
        "at least .97 of its teacher, UCB1; more in the second half than in the first",
    ),
    "ad-room": (
        *("AlgorithmDistillation", *_ROOM),
        {
            **{"teacher": "ppo", "teacher_kwargs": _PPO, "n_envs": 576, "rows_per_task": 16},
            **{"n_episodes": 100, "keep_every": 10, "learning_rate": ("linear", 2e-3, 1e-4)},
        },
        4_000_000,
        "improves in context",
    ),
    "in-context-navi": (
        *("InContext", *_NAVI),
        {"policy_kwargs": _SMALL},
        400_000,
        "a trial's total of at least 28; who knows the goal earns 44",
    ),
    "in-context-room": (
        *("InContext", *_ROOM),
        {"policy_kwargs": _SMALL},
        600_000,
        "at least 80 % of the oracle's in the last quarter",
    ),
}


def run(name: str, seed: int, steps: int | None, keep: Path | None) -> None:
    """Train one seed, evaluate it, and write its row."""
    which, id, env_kwargs, arguments, total, reference = ENTRIES[name]
    cls = getattr(agents, which)

    def make() -> Any:
        return cls(
            *("TransformerPolicy", id), env_kwargs=env_kwargs, seed=seed, preset=None, **arguments
        )

    agent, seconds = trained(f"incontext/{name}-s{seed}", cls, make, steps or total)
    if keep is not None:
        agent.save_weights(keep / f"{which}-{id.partition('/')[2]}-{seed}.zip")
    measured: dict[str, Any] = {"env_kwargs": env_kwargs, "num_tasks": 600, "seed": 1}
    curve = evaluate(agent, id, **measured)
    other = quarters(evaluate(_beside(name), id, **measured)) if _beside(name) else ("", "", "")
    mean, error = curve.total()
    row = {
        "machine": machine(1),
        "entry": name,
        "agent": which,
        "id": id,
        "env_kwargs": env_kwargs,
        "split": curve.protocol["split"],
        "seed": seed,
        "steps": agent.num_timesteps,
        "train_cpu_seconds": round(seconds),
        **dict(zip(("total", "first_quarter", "last_quarter"), quarters(curve), strict=True)),
        "standard_error": round(float(error), 3),
        **dict(zip(("other_total", "other_first", "other_last"), other, strict=True)),
        "teacher_end": _end(agent),
        "reference": reference,
    }
    add(TABLE, row)
    print(row, np.round(curve.returns.mean(axis=0), 2), flush=True)


def quarters(curve: AdaptationCurve) -> tuple[float, float, float]:
    """Return the mean reward of a trial, of its first quarter of steps and of its last."""
    assert curve.rewards is not None
    steps = curve.rewards.mean(axis=0)
    part = len(steps) // 4
    sums = steps.sum(), steps[:part].sum(), steps[-part:].sum()
    total, first, last = (round(float(one), 3) for one in sums)
    return total, first, last


def _beside(name: str) -> Any:
    """Return whom the agent is compared to, if its return is not a number we know."""
    if name == "ad-bandit":
        return baselines.UCB1()
    return baselines.GridOracle() if name == "in-context-navi" else None


def _end(agent: Any) -> float | str:
    """Return what a recorded teacher earns in the last tenth of its episodes, each a mean."""
    if not isinstance(agent, agents.AlgorithmDistillation) or agent.n_episodes is None:
        return ""
    if agent.histories is None:  # it was trained before
        return ""
    returns = np.array([np.sum(one.rewards) for one in agent.histories])
    each = returns.reshape(-1, int(agent.n_episodes))
    return round(float(each[:, -max(each.shape[1] // 10, 1) :].mean()), 3)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=list(ENTRIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    parser.add_argument("--save", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments.steps, arguments.save)


if __name__ == "__main__":
    main()
