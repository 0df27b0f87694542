"""LPG on small levels: the rule that is found, on levels, sizes and beside an agent it never saw.

    python benchmarks/lpg.py learn --seeds 0 1 2 --meta-steps 160
    python benchmarks/lpg.py regret --seeds 0 1 2
    python benchmarks/lpg.py groove --seeds 0 1 2 --meta-steps 60
    python benchmarks/lpg.py temporal --seeds 0 1 2 --meta-steps 100
    python benchmarks/lpg.py speed

`learn` trains on 5 x 5 levels with a good and a bad object (preset of `LPG`) and appends to
`results/lpg.csv` what new learners earn in an episode, before and after 50 updates by the
frozen rule, on levels of the test split of three sizes, and what A2C earns after as many updates.
`regret` appends to `results/lpg_regret.csv` the share of levels on which an untrained rule has
algorithmic regret, and its mean: on those of 5 x 5, and on levels of up to 5 x 5 that are drawn
whole. `groove` trains on the latter, with GROOVE's curriculum and without, and appends to
`results/lpg_groove.csv` what new learners earn on held-out ones beside A2C, and the share of levels
on which they earn less than three quarters of what A2C does. `temporal` appends to
`results/lpg_temporal.csv` what learners earn after lives of 10 and of 50 updates, by a rule that is
told of them and by one that is not, both found on lives of 10 to 50.
`speed` appends to `results/lpg_speed.csv` the meta-steps per second of 64 lifetimes x 16 rows,
together and as a loop over 64 single lifetimes, measured in turns.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium as gym
import numpy as np
from results_table import append, begins

from agents import A2C, LPG
from agents.core.base.venv import ENDLESS
from agents.core.evaluation.play import Play
from agents.core.play.view import open_loop
from meta_envs.core import tasks as _tasks

ID = "meta/TabularGrid-v0"
ROWS, UPDATES, LEVELS = 16, 50, 96
SIZES = {5: 25, 4: 20, 6: 36}  # side: steps of an episode; the first is that of training
WHOLE = {"level": "groove", "size": 5, "objects": 2, "steps": 50, "moves": 5}
SMALL = {
    **{"preset": None, "learning_rate": 1e-3, "n_envs": 384, "rows_per_task": ROWS},
    **{"lifetime": UPDATES, "n_predictions": 8, "rule_size": 64, "policy_ent_coef": 0.01},
    "policy_l2_coef": 0.001,
}
A2C_SETTINGS = {
    "learning_rate": 0.1,
    "n_envs": ROWS,
    "n_steps": 20,
    "ent_coef": 0.01,
    "policy_kwargs": {"torso": "table"},
}


def level(side: int) -> dict[str, Any]:
    return {"level": "sparse", "size": [side, side], "steps": SIZES[side], "moves": 4}


def returns_of(agent: Any, side: int, seed: int, levels: int = LEVELS) -> tuple[float, float]:
    """Return the mean return of an episode before and after `UPDATES` updates of 20 steps."""
    before, after = lived(agent, level(side), seed, levels, UPDATES)
    return float(before.mean()), float(after.mean())


def lived(
    agent: Any, kwargs: dict[str, Any], seed: int, levels: int, updates: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean returns [levels] of an episode before and after updates of 20 steps."""
    venv = gym.make_vec(
        ID, num_envs=levels * ROWS, split="test", episodes_per_trial=ENDLESS, **kwargs
    )
    tasks = venv.unwrapped.sample_tasks(levels, seed=seed)
    venv.unwrapped.set_tasks({key: part.repeat(ROWS, axis=0) for key, part in tasks.items()})
    loop = open_loop(agent, venv, ROWS, seed)
    play = Play(venv, loop, ROWS, False)
    loop.freeze()
    before = play.episodes(seed, 1, new=False).returns
    play.lifetime(seed + 10_000, 20 * updates, 1)
    loop.freeze()
    after = play.episodes(seed + 20_000, 1, new=False).returns
    return before.reshape(levels, -1).mean(axis=1), after.reshape(levels, -1).mean(axis=1)


def learn(seed: int, meta_steps: int, save: str | None) -> None:
    agent = LPG("MlpPolicy", ID, env_kwargs=level(5), seed=seed)
    start, done = time.perf_counter(), 0
    while done < meta_steps:
        more = min(40, meta_steps - done)
        agent.learn(steps_of(agent, more), reset_num_timesteps=done == 0, log_interval=None)
        done += more
        print(
            seed,
            done,
            returns_of(agent, 5, 1, 24),
            f"{time.perf_counter() - start:.0f} s",
            flush=True,
        )
    seconds = time.perf_counter() - start
    if save:
        agent.save(save.format(seed=seed))
    baseline = A2C("MlpPolicy", ID, env_kwargs=level(5), seed=seed, **A2C_SETTINGS)
    found = {side: returns_of(agent, side, 7) for side in SIZES}
    a2c = returns_of(baseline, 5, 7)
    row = [
        seed, meta_steps, agent.num_timesteps, f"{seconds:.0f}", f"{found[5][0]:.3f}",
        *(f"{found[side][1]:.3f}" for side in SIZES), f"{a2c[1]:.3f}",
    ]  # fmt: skip
    sizes = ",".join(f"after_{side}x{side}" for side in SIZES)
    append("lpg.csv", f"seed,meta_steps,steps,seconds,before,{sizes},a2c_5x5", row)


def groove(seed: int, meta_steps: int) -> None:
    """Find a rule with and without a curriculum, on levels that are drawn whole."""
    a2c = A2C("MlpPolicy", ID, env_kwargs=WHOLE, seed=seed, **A2C_SETTINGS)
    best = lived(a2c, WHOLE, 7, LEVELS, UPDATES)[1]
    for curriculum in (None, "regret"):
        agent = LPG(
            "MlpPolicy", ID, env_kwargs=WHOLE, seed=seed, curriculum=curriculum,
            level_buffer=200, **SMALL,
        )  # fmt: skip
        start = time.perf_counter()
        agent.learn(steps_of(agent, meta_steps), log_interval=None)
        seconds = time.perf_counter() - start
        after = lived(agent, WHOLE, 7, LEVELS, UPDATES)[1]
        row = [
            seed, meta_steps, agent.num_timesteps, f"{seconds:.0f}", curriculum or "none",
            f"{after.mean():.3f}",
            f"{best.mean():.3f}", f"{(after < 0.75 * best).mean():.3f}",
        ]  # fmt: skip
        columns = "seed,meta_steps,steps,seconds,curriculum,after,a2c,below_three_quarters"
        append("lpg_groove.csv", columns, row)


def regret(seed: int, levels: int = 64) -> None:
    """Measure the algorithmic regret of an untrained rule, after lives of `UPDATES` updates."""
    row: list[Any] = [seed, levels]
    for kwargs in (level(5), WHOLE):
        given = {**SMALL, "n_envs": levels * ROWS}
        agent = LPG("MlpPolicy", ID, env_kwargs=kwargs, seed=seed, **given)
        drawn = agent.venv.unwrapped.sample_tasks(levels, seed=5 + seed)
        tasks = [_tasks.at(drawn, one) for one in range(levels)]
        found = agent.regrets_of(np.arange(levels), tasks, 20 * UPDATES)
        row += [f"{(found > 0).mean():.3f}", f"{found.mean():.3f}"]
    columns = "seed,levels,sparse_share,sparse_mean,whole_share,whole_mean"
    append("lpg_regret.csv", columns, row)


def temporal(seed: int, meta_steps: int) -> None:
    """Find a rule on lives of 10 to 50 updates, told of their time and not."""
    for aware in (False, True):
        agent = LPG(
            "MlpPolicy", ID, env_kwargs=level(5), seed=seed, temporal=aware, lifetime=50,
            shortest_lifetime=10,
        )  # fmt: skip
        start = time.perf_counter()
        agent.learn(steps_of(agent, meta_steps), log_interval=None)
        seconds = time.perf_counter() - start
        after = []
        for updates in (10, 50):
            agent.lifetime = updates  # what learners are told
            after.append(lived(agent, level(5), 7, LEVELS, updates)[1].mean())
        row = [
            seed, meta_steps, agent.num_timesteps, f"{seconds:.0f}", aware,
            *(f"{one:.3f}" for one in after),
        ]  # fmt: skip
        columns = "seed,meta_steps,steps,seconds,temporal,after_10,after_50"
        append("lpg_temporal.csv", columns, row)


def steps_of(agent: LPG, meta_steps: int) -> int:
    """Return the steps of all rows in so many meta-steps."""
    return meta_steps * agent.n_envs * agent.n_steps * (agent.n_updates + 1)


def speed(rounds: int = 3) -> None:
    lifetimes = 64
    arguments = {"env_kwargs": level(5), "preset": "sparse 5 x 5", "seed": 0}
    together = LPG("MlpPolicy", ID, n_envs=lifetimes * ROWS, **arguments)
    alone = LPG("MlpPolicy", ID, n_envs=ROWS, **arguments)
    seconds: dict[str, list[float]] = {"together": [], "loop": []}
    for agent in (together, alone):
        agent.learn(1, log_interval=None)
    for _ in range(rounds):
        for name, agent, repeats in (("together", together, 1), ("loop", alone, lifetimes)):
            count = steps_of(agent, 1)
            start = time.perf_counter()
            agent.learn(repeats * count, reset_num_timesteps=False, log_interval=None)
            seconds[name].append(time.perf_counter() - start)
            print(name, f"{seconds[name][-1]:.1f} s", flush=True)
    ratios = np.array(seconds["loop"]) / np.array(seconds["together"])
    row = [
        lifetimes, ROWS, *(f"{1 / np.median(seconds[name]):.3f}" for name in ("together", "loop")),
        f"{np.median(ratios):.2f}", f"{ratios.min():.2f}", f"{ratios.max():.2f}",
    ]  # fmt: skip
    columns = "lifetimes,rows,together_per_s,loop_per_s,ratio,low,high"
    append("lpg_speed.csv", columns, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("learn", "regret", "groove", "temporal", "speed"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--meta-steps", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3, help="of `speed`")
    parser.add_argument("--save", help="where to save the agents, with {seed}")
    arguments = parser.parse_args()
    begins()
    if arguments.what == "speed":
        speed(arguments.rounds)
        return
    for seed in arguments.seeds:
        if arguments.what == "learn":
            learn(seed, arguments.meta_steps, arguments.save)
        elif arguments.what == "regret":
            regret(seed)
        else:
            way = groove if arguments.what == "groove" else temporal
            way(seed, arguments.meta_steps)


if __name__ == "__main__":
    main()
