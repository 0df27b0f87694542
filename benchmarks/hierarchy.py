"""Hierarchies: what new masters learn over sub-policies of MLSH, beside learners without them.

    python benchmarks/hierarchy.py bandits bandits-one-sub-policy --seeds 0 1 2 3
    python benchmarks/hierarchy.py rooms rooms-ppo --seeds 0 1 2
    python benchmarks/hierarchy.py ant ant-ppo --seeds 0 --steps 5000000
    python benchmarks/hierarchy.py sweep                 # a figure of what the table has

On moving bandits new masters learn every 2,000 steps (one episode in each of 40 rows); `first` is
their first episode, `last` the one after ten updates, both means over 20 tasks, and `worst` is
the worst task's last. `apart` says whether each circle has a sub-policy that earns at least 30 when
it pays: forced, with drawn actions. In the four rooms learners live 3,000 steps in each of 20 rows
with a held-out goal; `first` and `last` are rewards of a row in the first and the last tenth. Ants
live six episodes of 1,000 steps in each of 10 rows; four tasks.

Appends to `results/hierarchy.csv`; learning curves are `results/hierarchy-NAME-sSEED.progress.csv`,
and the learners' own `results/hierarchy-NAME-sSEED.curve.csv`.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from results_table import RESULTS, append, begins
from stable_baselines3.common.logger import CSVOutputFormat, Logger

from agents import MLSH, PPO, evaluate

COLUMNS = "entry,agent,id,seed,steps,seconds,first,last,worst,apart,reference"
BANDITS, ROOMS, ANT = "meta/MovingBandits-v0", "meta/FourRooms-v0", "meta/AntTwowalk-v0"
_ROWS = 40  # of a task, so that an episode of each is 2,000 steps
_LIFE = 3000  # steps of a row in the rooms
_GOOD = 30.0  # return of a sub-policy that goes to the circle that pays
_STEPS = 2_400_000
_ORACLE = 43.8  # of a master with a sub-policy for each circle
_SWEEPS = {  # by what is varied: its value, and the entry that has it
    "sub-policies": {
        **{"1": "bandits-one-sub-policy", "2": "bandits", "4": "bandits-four-sub-policies"}
    },
    "updates of the master before joint ones": {
        **{"0": "bandits-no-warmup", "9": "bandits", "20": "bandits-long-warmup"}
    },
}

ENTRIES: dict[str, dict[str, Any]] = {
    "bandits": {"id": BANDITS, "reference": "last at least 35, worst at least 30: 2 of 4 seeds"},
    "bandits-free": {"id": BANDITS, "arguments": {"balance": None}},
    "bandits-one-sub-policy": {
        "id": BANDITS,
        "arguments": {"n_sub_policies": 1},
        "reference": "last at most 26",
    },
    "bandits-four-sub-policies": {"id": BANDITS, "arguments": {"n_sub_policies": 4}},
    "bandits-no-warmup": {"id": BANDITS, "arguments": {"warmup_updates": 0}},
    "bandits-long-warmup": {"id": BANDITS, "arguments": {"warmup_updates": 20}},
    "bandits-ppo": {"id": BANDITS, "agent": "PPO", "reference": "from scratch, in each task"},
    "rooms": {"id": ROOMS, "reference": "faster than rooms-ppo on held-out goals"},
    "rooms-short": {
        "id": ROOMS,
        "arguments": {"macro_length": 5},
        "reference": "likewise, with slices of 5 steps in place of 25",
    },
    "rooms-ppo": {"id": ROOMS, "agent": "PPO", "reference": "from scratch, beside rooms"},
    "ant": {"id": ANT, "reference": "no threshold"},
    "ant-ppo": {"id": ANT, "agent": "PPO", "reference": "from scratch, beside ant"},
}
# PPO as masters learn, but with single steps: the larger of the two rates found useful.
_FLAT: dict[str, Any] = {
    "learning_rate": 3e-3,
    "gae_lambda": 0.98,
    "n_epochs": 10,
    "ent_coef": 0.01,
}


def made(entry: dict[str, Any], seed: int, steps: int, progress: Path) -> Any:
    """Return a trained agent, or one of PPO's whose learners begin from scratch."""
    arguments = entry.get("arguments", {})
    if entry.get("agent") == "PPO":
        length, rows = {BANDITS: (50, _ROWS), ROOMS: (100, 20), ANT: (500, 10)}[entry["id"]]
        flat = {**_FLAT, "n_envs": rows, "n_steps": length, "n_minibatches": 30, **arguments}
        return PPO("MlpPolicy", entry["id"], seed=seed, **flat)
    agent = MLSH("MlpPolicy", entry["id"], seed=seed, **arguments)
    agent.set_logger(Logger(None, [CSVOutputFormat(str(progress))]))
    return agent.learn(steps, log_interval=5)


def adapted(agent: Any, id: str, seed: int) -> Any:
    """Return the curve of new learners."""
    if id == BANDITS:
        return evaluate(agent, id, num_tasks=20, rows_per_task=_ROWS, episodes=11, seed=1 + seed)
    if id == ANT:
        return evaluate(agent, id, num_tasks=4, rows_per_task=10, episodes=6, seed=1 + seed)
    return evaluate(
        agent, id, num_tasks=25, rows_per_task=20, steps=_LIFE, bins=30, seed=1 + seed, num_envs=500
    )


def ends(curve: Any) -> tuple[float, float, float]:
    """Return the first and the last return, means over tasks, and the worst task's last."""
    returns = curve.returns
    count = max(returns.shape[1] // 10, 1)
    last = returns[:, -count:].sum(axis=1)
    return float(returns[:, :count].sum(axis=1).mean()), float(last.mean()), float(last.min())


def apart(agent: Any, seed: int) -> bool | str:
    """Tell whether each circle has a sub-policy that goes there."""
    if not isinstance(agent, MLSH) or agent.env_id != BANDITS:
        return ""
    earned = [
        evaluate(
            agent.sub_policy(k), BANDITS, num_tasks=2, rows_per_task=100, episodes=1, seed=seed
        )
        for k in range(agent.n_sub_policies)
    ]
    best = np.max([curve.returns[:, 0] for curve in earned], axis=0)  # by task: circle 0, circle 1
    return bool((best >= _GOOD).all())


def run(name: str, seed: int, steps: int, keep: Path | None) -> None:
    entry, start = ENTRIES[name], time.perf_counter()
    agent = made(entry, seed, steps, RESULTS / f"hierarchy-{name}-s{seed}.progress.csv")
    seconds = time.perf_counter() - start
    if keep is not None and isinstance(agent, MLSH):
        agent.save(keep / f"mlsh-{entry['id'].partition('/')[2]}-{name}-{seed}.zip")
    curve = adapted(agent, entry["id"], seed)
    curve.to_csv(RESULTS / f"hierarchy-{name}-s{seed}.curve.csv")
    row = [
        name,
        entry.get("agent", "MLSH"), entry["id"], seed, agent.num_timesteps, f"{seconds:.0f}",
        *(f"{value:.2f}" for value in ends(curve)), apart(agent, seed), entry.get("reference", ""),
    ]  # fmt: skip
    append("hierarchy.csv", COLUMNS, row)


def sweep() -> None:
    """Draw what new masters reach on moving bandits, by sub-policies and by warm-up."""
    from matplotlib.figure import Figure

    with (RESULTS / "hierarchy.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for at, (label, names) in zip(axes, _SWEEPS.items(), strict=True):
        for place, name in enumerate(names.values()):
            for key, style in (("last", {"marker": "o"}), ("worst", {"marker": "_", "s": 120})):
                found = [float(row[key]) for row in rows if row["entry"] == name]
                at.scatter([place] * len(found), found, color="C0", alpha=0.7, **style)
        at.axhline(_ORACLE, color="grey", lw=1, ls="--")
        at.set(xlabel=label, xlim=(-0.5, len(names) - 0.5), ylim=(0, 47))
        at.set_xticks(range(len(names)), list(names))
        at.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("reward of an episode")
    axes[0].text(-0.45, _ORACLE + 0.6, "oracle", color="grey", fontsize="small")
    axes[0].text(2.45, 1.0, "dots: mean of 20 tasks\nbars: the worst", ha="right", fontsize="small")
    figure.savefig(RESULTS / "hierarchy-sweep.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=[*ENTRIES, "sweep"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--steps", type=int, default=_STEPS, help="of training")
    parser.add_argument("--keep", type=Path, help="save the agents in this folder")
    arguments = parser.parse_args()
    begins()
    for name in arguments.names:
        if name == "sweep":
            sweep()
            continue
        for seed in arguments.seeds:
            run(name, seed, arguments.steps, arguments.keep)


if __name__ == "__main__":
    main()
