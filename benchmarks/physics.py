"""Stepping MuJoCo rows of bodies of their own against raw `mj_step` and against peers, paired.

Run from the repository's root, on a machine that does little else:

    python -m benchmarks.physics raw                  # of raw mj_step x threads, at 256 rows
    python -m benchmarks.physics envpool gymnasium    # dev-only peers: pip install envpool
    python -m benchmarks.physics single               # gymnasium.make against gymnasium.make
    python -m benchmarks.physics scaling              # rows and threads, with a plot
    python -m benchmarks.physics memory               # 4,096 RandomHoppers; 10 million steps

Ours is `gym.make_vec` of the random-parameter id (bodies, observations, rewards, resets and
autoresets included) with Gymnasium's own time step. Repeats alternate between the two sides, and
medians count. EnvPool brings a MuJoCo of its own, about as quick as 3.3, and MuJoCo 4.0 steps small
bodies at two thirds of that: compare with it under 3.3 too (the CSV says which). Runs append to
`benchmarks/results/physics.csv`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

import meta_envs  # noqa: F401  registers the ids
from benchmarks.results_table import add
from meta_envs.locomotion.bodies import BODIES, load_model

_RESULTS = Path(__file__).parent / "results"
IDS = {  # id, Gymnasium's, EnvPool's
    "hopper": ("meta/HopperRandParams-v0", "Hopper-v5", "Hopper-v4"),
    "walker2d": ("meta/Walker2dRandParams-v0", "Walker2d-v5", "Walker2d-v4"),
    "ant": ("meta/AntRandParams-v0", "Ant-v5", "Ant-v4"),
    "humanoid": ("meta/HumanoidRandParams-v0", "Humanoid-v5", "Humanoid-v4"),
    "half_cheetah": ("meta/HalfCheetahRandParams-v0", "HalfCheetah-v5", "HalfCheetah-v4"),
    "reacher": ("meta/RandomReacher-v0", "Reacher-v5", "Reacher-v4"),
}
_RAW_MUST = {"half_cheetah": 0.6, "reacher": 0.5}  # else .75
_SECONDS = 1.0  # a repeat
_REPEATS = 3


def make(body: str, rows: int, threads: int | None = None, **kwargs: Any) -> Any:
    """Make our rows with Gymnasium's numbers, whose horizon is 1,000 steps (Reacher's 50)."""
    horizon = {} if body == "reacher" else {"max_episode_steps": 1000, "source": "gymnasium"}
    return gym.make_vec(IDS[body][0], num_envs=rows, threads=threads, **{**horizon, **kwargs})


def steps_of(venv: Any, rows: int) -> Callable[[int], None]:
    """Return a function that plays random actions for so many vector steps."""
    venv.reset(seed=0)
    space = venv.single_action_space
    rng = np.random.default_rng(0)
    actions = [
        rng.uniform(space.low, space.high, (rows, *space.shape)).astype(np.float32)
        for _ in range(50)
    ]

    def play(steps: int) -> None:
        for step in range(steps):
            venv.step(actions[step % 50])

    play(20)
    return play


def raw_steps(body: str, horizon: int = 1000) -> Callable[[int], None]:
    """Return a function that runs `mj_step` of one body, controls written, nothing read."""
    file, skip = BODIES[body].file, BODIES[body].frame_skip
    model = load_model(file)
    data = mujoco.MjData(model)
    low, high = model.actuator_ctrlrange.T
    controls = np.random.default_rng(0).uniform(low, high, (1000, model.nu))

    def play(steps: int) -> None:
        mujoco.mj_resetData(model, data)
        for step in range(steps):
            data.ctrl[:] = controls[step % 1000]
            mujoco.mj_step(model, data, skip)
            if step % horizon == horizon - 1:
                mujoco.mj_resetData(model, data)

    return play


def pin_nominal(venv: Any) -> None:
    """Give every row's own model the nominal numbers: the body that peers have."""
    nominal = {key: np.ones(space.shape) for key, space in venv.single_task_space.items()}
    venv.set_tasks([nominal] * venv.num_envs)


def rate(play: Callable[[int], None], rows: int) -> Callable[[], float]:
    """Return a function that measures environment steps a second."""
    started = time.perf_counter()
    play(10)
    steps = max(int(_SECONDS / ((time.perf_counter() - started) / 10)), 5)

    def measure() -> float:
        started = time.perf_counter()
        play(steps)
        return steps * rows / (time.perf_counter() - started)

    return measure


def paired(ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of both, measured in turns."""
    pairs = [(ours(), other()) for _ in range(_REPEATS)]
    first, second = np.median(np.array(pairs), axis=0)
    return float(first), float(second)


def against_raw(bodies: list[str], threads: int) -> None:
    """Against raw steps of the same body: rows hold nominal numbers; fallen bodies stay down."""
    for body in bodies:
        kwargs = {} if body == "reacher" else {"terminate_when_unhealthy": False}
        venv = make(body, 256, threads, **kwargs)
        pin_nominal(venv)
        horizon = 50 if body == "reacher" else 1000
        other = rate(raw_steps(body, horizon), 1)
        ours, raw = paired(rate(steps_of(venv, 256), 256), other)
        venv.close()
        must = _RAW_MUST.get(body, 0.75)
        record("raw mj_step x threads", body, 256, threads, ours, raw * threads, must)


def against_envpool(bodies: list[str], threads: int) -> None:
    """Against EnvPool's rows of the nominal body; both terminate and reset as they do."""
    import envpool

    for body in bodies:
        peer = envpool.make(IDS[body][2], env_type="gymnasium", num_envs=256, num_threads=threads)
        peer.reset()
        space = peer.action_space
        rng = np.random.default_rng(0)
        actions = [rng.uniform(space.low, space.high, (256, *space.shape)) for _ in range(50)]

        def play(steps: int, peer: Any = peer, actions: Any = actions) -> None:
            for step in range(steps):
                peer.step(actions[step % 50])

        venv = make(body, 256, threads)
        pin_nominal(venv)
        ours, other = paired(rate(steps_of(venv, 256), 256), rate(play, 256))
        venv.close(), peer.close()
        record("EnvPool", body, 256, threads, ours, other, 1.2)


def against_gymnasium(bodies: list[str], threads: int) -> None:
    """Against Gymnasium's own vector environments of 8 rows, at our best row count."""
    for body in bodies:
        best = max((rate(steps_of(make(body, n, threads), n), n)(), n) for n in (64, 256, 1024))[1]
        for mode, must in (("async", 3.0), ("sync", 2.0)):
            peer = gym.make_vec(IDS[body][1], num_envs=8, vectorization_mode=mode)
            venv = make(body, best, threads)
            pin_nominal(venv)
            ours, other = paired(rate(steps_of(venv, best), best), rate(steps_of(peer, 8), 8))
            venv.close(), peer.close()
            record(f"Gymnasium {mode}, 8 rows", body, best, threads, ours, other, must)


def single(bodies: list[str], threads: int) -> None:
    """`gymnasium.make` of both, with the wrappers it puts on."""
    for body in bodies:
        kwargs = {} if body == "reacher" else {"source": "gymnasium", "max_episode_steps": 1000}
        ours = gym.make(IDS[body][0], **kwargs)
        pin_nominal(ours.unwrapped.rows)
        peer = gym.make(IDS[body][1])
        mine, other = paired(rate(_episodes(ours), 1), rate(_episodes(peer), 1))
        record("gymnasium.make", body, 1, 1, mine, other, 0.6)


def _episodes(env: gym.Env) -> Callable[[int], None]:
    env.reset(seed=0)
    space: Any = env.action_space
    actions = np.random.default_rng(0).uniform(space.low, space.high, (1000, *space.shape))
    actions = actions.astype(np.float32)

    def play(steps: int) -> None:
        for step in range(steps):
            _, _, terminated, truncated, _ = env.step(actions[step % 1000])
            if terminated or truncated:
                env.reset()

    return play


def scaling(bodies: list[str], threads: int) -> None:
    """Steps a second against rows and threads."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for index, body in enumerate(bodies):
        for count in range(1, threads + 1):
            sizes = [4**power for power in range(7)]
            rates = []
            for rows in sizes:
                venv = make(body, rows, count)
                rates.append(float(np.median([rate(steps_of(venv, rows), rows)()])))
                venv.close()
                record("scaling", body, rows, count, rates[-1], 0.0, 0.0)
            style = {"color": f"C{index}", "ls": "-" if count == threads else "--", "marker": "."}
            axes.loglog(sizes, rates, label=f"{body}, {count} threads", **style)
    axes.set(xlabel="rows", ylabel="environment steps a second")
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    figure.savefig(_RESULTS / "physics_scaling.png", dpi=120)


def memory(bodies: list[str], threads: int) -> None:
    """Resident size of 4,096 RandomHoppers, then of 256 over 10 million steps."""
    before = _resident()
    venv = gym.make_vec("meta/RandomHopper-v0", num_envs=4096, threads=threads)
    steps_of(venv, 4096)(100)
    record("GiB of 4,096 RandomHopper rows", "hopper", 4096, threads, _resident() - before, 3.0, 1)
    venv.close()
    venv = make("half_cheetah", 256, threads)
    play = steps_of(venv, 256)
    play(1000)
    start = _resident()
    for million in range(10):
        play(1_000_000 // 256)
        print(f"  {million + 1} million steps: {_resident():.3f} GiB", flush=True)
    record("GiB after 10 M steps / before", "half_cheetah", 256, threads, _resident(), start, 1)


def _resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**30


def record(
    what: str, body: str, rows: int, threads: int, ours: float, other: float, must: float
) -> None:
    """Print a result and append it to the CSV."""
    ratio = ours / other if other else float("nan")
    print(f"{what:32s} {body:13s} {rows:5d} rows {ours:12,.3f} {other:12,.3f} {ratio:6.2f}")
    row = {
        **{"cores": os.cpu_count(), "mujoco": mujoco.__version__, "what": what, "body": body},
        **{"rows": rows, "threads": threads, "ours": f"{ours:.4g}", "other": f"{other:.4g}"},
        **{"ratio": f"{ratio:.3f}", "must": must},
    }
    add("physics.csv", row)


_MODES = {
    "raw": against_raw,
    "envpool": against_envpool,
    "gymnasium": against_gymnasium,
    "single": single,
    "scaling": scaling,
    "memory": memory,
}


def main() -> None:
    """Run the requested measurements."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modes", nargs="+", choices=list(_MODES))
    parser.add_argument("--bodies", nargs="+", choices=list(IDS), default=list(IDS))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for mode in arguments.modes:
        _MODES[mode](arguments.bodies, arguments.threads)


if __name__ == "__main__":
    main()
