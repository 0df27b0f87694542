"""What rewards of discriminators cost, and DIAYN's gradient steps beside those of SB3's SAC.

    OMP_NUM_THREADS=1 python benchmarks/skills_speed.py

`reward-task`: time for a step of 256 rows of a locomotion id whose rewards are discriminators',
over that of its base; at most 1.2 is wanted. `diayn`: gradient steps a second of DIAYN (20 skills,
discriminator as wide as the critics) over those of Stable-Baselines3's SAC with the same layers,
batch and observations; at least 2 is wanted. What is compared takes turns in one run; a row of
`results/skills_speed.csv` holds medians over `--repeats` turns and the median ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from results_table import append, begins
from stable_baselines3 import SAC

from agents import DIAYN

ROWS, STEPS, UPDATES = 256, 100, 200


def stepping(id: str, **kwargs: Any) -> Callable[[], float]:
    """Return what times steps of `ROWS` rows, in seconds a step."""
    venv = gym.make_vec(id, num_envs=ROWS, **kwargs)
    venv.reset(seed=0)
    rng = np.random.default_rng(0)
    shape = venv.action_space.shape
    actions = rng.uniform(-1, 1, size=(STEPS, *(shape or ()))).astype(np.float32)

    def window() -> float:
        start = time.process_time()
        for action in actions:
            venv.step(action)
        return (time.process_time() - start) / STEPS

    return window


def skilled(widths: list[int]) -> Callable[[], float]:
    """Return what times DIAYN's gradient steps, in seconds a step."""
    agent = DIAYN(
        "MlpPolicy", "meta/HalfCheetahVel-v0", n_skills=20, batch_size=256, updates_per_step=0.01,
        policy_kwargs={"net_arch": widths, "discriminator_arch": widths}, seed=0, preset=None,
    )  # fmt: skip
    agent.learn(8_000)

    def window() -> float:
        start = time.process_time()
        agent.updater.run(UPDATES, 0, 3e-4)
        return (time.process_time() - start) / UPDATES

    return window


def plain(widths: list[int]) -> Callable[[], float]:
    """Return what times SAC's gradient steps, in seconds a step."""
    env = gym.make("meta/HalfCheetahVel-v0", disable_env_checker=True)
    agent = SAC("MlpPolicy", env, ent_coef=0.1, policy_kwargs={"net_arch": widths}, seed=0)
    agent.learn(1_000)

    def window() -> float:
        start = time.process_time()
        agent.train(UPDATES, batch_size=256)
        return (time.process_time() - start) / UPDATES

    return window


ENTRIES: dict[str, tuple[Callable[[], Any], Callable[[], Any], str]] = {
    "reward-task cheetah": (
        lambda: stepping("meta/HalfCheetahRandomReward-v0"),
        lambda: stepping("meta/HalfCheetahVel-v0"),
        "cost over the base's, at most 1.2",
    ),
    "reward-task ant": (
        lambda: stepping("meta/AntRandomReward-v0"),
        lambda: stepping("meta/AntGoal-v0"),
        "cost over the base's, at most 1.2",
    ),
    **{
        f"diayn {width} x 2": (
            partial(plain, [width, width]),
            partial(skilled, [width, width]),
            "gradient steps a second over SAC's, at least 2",
        )
        for width in (64, 256)
    },
}


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=", ".join(ENTRIES))
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    begins()
    for name in arguments.entries or ENTRIES:
        above, below, reference = ENTRIES[name]
        windows = (above(), below())
        for window in windows:
            window()
        seconds = np.array([[window() for window in windows] for _ in range(arguments.repeats)])
        ours, others = 1e3 * np.median(seconds, axis=0)
        ratio = float(np.median(seconds[:, 0] / seconds[:, 1]))
        append(
            "skills_speed.csv",
            "entry,repeats,milliseconds,milliseconds_of_other,ratio,reference",
            (name, arguments.repeats),
            (ours, others, ratio),
            (reference,),
        )


if __name__ == "__main__":
    main()
