"""Sumo: how fast contests run, agents that play themselves, and who adapts to rising versions.

    python benchmarks/sumo.py speed                       # two ants, 64 rows, against raw mj_step
    python benchmarks/sumo.py self-play --seeds 0 1 2     # banks and agents, in --keep
    python benchmarks/sumo.py self-play --body ant --seeds 7 --steps 8000000
    python benchmarks/sumo.py training --body ant --seeds 0 --steps 6000000
    python benchmarks/sumo.py rising --seeds 9            # a bank of versions that learnt so far
    python benchmarks/sumo.py rounds none tracking rl2 continuous --bank rising-9.safetensors

`self-play` trains PPO against its earlier selves and measures it against the built-in opponents.
`training` trains it on these themselves; its win rates are in `results/sumo-BODY-sSEED.csv`.
`rounds` trains on the built-in opponents and plays 40 rounds against the rising versions of a bank
that no agent has met (one that `rising` or `self-play` wrote): `none` is PPO on all versions, which
does not adapt. Results are appended to `results/sumo.csv`: win rates (draws are no wins) of the
first and the last quarter of the rounds with the standard error over trials.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
from results_table import RESULTS, append, begins
from safetensors.numpy import save_file
from stable_baselines3.common.callbacks import BaseCallback
from zoo_pairs import LEGGED_WRESTLER, WRESTLER

import agents
from agents import PPO, ContinuousMAML, SelfPlay, evaluate
from agents.core.evaluation.acting import as_trained
from agents.self_play.networks import opponent_arrays
from meta_envs.opponents.roster import MADE_AT
from meta_envs.opponents.wrestlers import WRESTLERS

ID = "meta/Sumo-v0"
BUILT_IN = Path(__file__).parents[1] / "assets" / "banks" / "sumo-puck.safetensors"
COLUMNS = "what,entry,seed,steps,seconds,trials,first_quarter,last_quarter,standard_error,reference"
SCALE = {"reward_scale": 1e-3}
KEPT = 12  # versions
ENTRIES: dict[str, dict[str, Any]] = {
    "none": {"agent": "PPO", "policy": "MlpPolicy", "arguments": WRESTLER},
    "tracking": {"agent": "PPOTracking", "policy": "MlpPolicy",
                 "arguments": {"n_envs": 96, "rows_per_task": 3}},
    "continuous": {"agent": "ContinuousMAML", "policy": "MlpPolicy",
                   "arguments": {"n_envs": 96, "rows_per_task": 3, "inner_steps": 1, "iw": "step"}},
    "rl2": {"agent": "RL2", "policy": "GruPolicy", "arguments": {"n_envs": 32}},
}  # fmt: skip
_REFERENCE = "win rate in the last quarter of 40 rounds: adaptation > none"


def speed(rows: int = 64, threads: int = 1, repeats: int = 5) -> None:
    """Measure two ants against raw `mj_step` of the same model, in turns."""
    venv = gym.make_vec(ID, num_envs=rows, body="ant", threads=threads)
    contest, space = venv.unwrapped.contest, venv.single_action_space
    venv.unwrapped.other_side = lambda seen: np.zeros((len(seen), space.shape[0]))
    venv.reset(seed=0)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (20, rows, *space.shape)).astype(np.float32)
    model = contest.physics.nominal
    data = mujoco.MjData(model)
    controls = rng.uniform(-1, 1, (1000, model.nu))
    controls[:, model.nu // 2 :] = 0.0  # the opponent stands still
    start = np.concatenate([side.wrestler.start() for side in contest.sides])
    for side, sign in zip(contest.sides, (1, -1), strict=True):
        start[side.positions.start] = sign * contest.start_radius

    def ours(steps: int) -> float:
        began = time.perf_counter()
        for step in range(steps):
            venv.step(actions[step % len(actions)])
        return steps * rows / (time.perf_counter() - began)

    def raw(steps: int) -> float:
        began = time.perf_counter()
        for step in range(steps):
            if step % contest.time_limit == 0:
                mujoco.mj_resetData(model, data)
                data.qpos[:] = start
            data.ctrl[:] = controls[step % len(controls)]
            mujoco.mj_step(model, data, contest.physics.frame_skip)
        return steps / (time.perf_counter() - began)

    ours(2), raw(50)
    pairs = np.array([(ours(8), raw(1000)) for _ in range(repeats)])
    found, limit = np.median(pairs, axis=0)
    ratio = found / limit / threads
    said = f"{ratio:.2f} of raw mj_step x threads ({found:.0f} of {limit * threads:.0f} steps/s)"
    _write("speed", f"ant, {rows} rows", "", 0, 0.0, "", "", "", "", f"{said}; must: .8")


def self_play(seed: int, steps: int, keep: Path, body: str) -> None:
    """Train one agent against its earlier selves, and write its bank."""
    agent = _alone(seed, body, {"bank": "self", "max_versions": KEPT})
    played = SelfPlay(
        max(steps // (2 * KEPT), 1), keep=KEPT, path=keep / f"self-{body}-{seed}.safetensors"
    )
    wins = _Wins(keep / f"sumo-self-{body}-s{seed}.csv")
    file = keep / f"{type(agent).__name__}-sumo-self-{body}-{seed}.zip"
    _learn("self-play", agent, steps, [played, wins], file, body)


def training(seed: int, steps: int, keep: Path, body: str) -> None:
    """Train one agent on the built-in opponents."""
    agent = _alone(seed, body, {"split": "all"})
    wins = _Wins(RESULTS / f"sumo-{body}-s{seed}.csv")
    file = keep / f"{type(agent).__name__}-sumo-{body}-{seed}.zip"
    _learn("training", agent, steps, [wins], file, body)


def _learn(what: str, agent: Any, steps: int, each: list[Any], file: Path, body: str) -> None:
    """Train an agent, or take it from its file; write how it does, still, against scripts."""
    began = time.perf_counter()
    if file.is_file():
        agent = type(agent).load(file)
    else:
        agent.learn(steps, callback=each, log_interval=None)
    seconds = time.perf_counter() - began
    agent.save(file)
    entry = "against scripts" if (what, body) == ("self-play", "puck") else body
    _measure(what, entry, agent, agent.seed, seconds, body)


def _alone(seed: int, body: str, kwargs: dict[str, Any]) -> Any:
    """Return an agent that does not adapt; of legged bodies it sees standardised observations."""
    given = {"env_kwargs": {**SCALE, "body": body, "threads": 1, **kwargs}, "seed": seed}
    if body == "puck":
        return PPO("MlpPolicy", ID, **WRESTLER, **given)
    return ContinuousMAML("MlpPolicy", ID, **LEGGED_WRESTLER, **given)


def _measure(what: str, entry: str, agent: Any, seed: int, seconds: float, body: str) -> None:
    """Write how often an agent that does not learn wins against the built-in opponents."""
    rounds = {} if body == "puck" else {"episodes": 3}  # 40 of ants are hours
    curve = evaluate(as_trained(agent), ID, split="all", num_tasks=120, seed=1,
                     env_kwargs={**SCALE, "body": body}, **rounds)  # fmt: skip
    assert curve.success is not None  # contests have winners
    wins = curve.success.mean(axis=1)
    error = wins.std(ddof=1) / np.sqrt(len(wins))
    _write(what, entry, seed, agent.num_timesteps, seconds, len(wins), "",
           f"{wins.mean():.3f}", f"{error:.3f}", "")  # fmt: skip


class _Wins(BaseCallback):
    """Writes how many of the latest hundred contests were won, every so many steps."""

    def __init__(self, path: Path, every: int = 50_000):
        super().__init__()
        self.path, self.every, self.written = path, every, 0

    def _on_rollout_start(self) -> None:
        if self.num_timesteps < self.written + self.every:
            return
        self.written = self.num_timesteps
        won, last = self.model.ep_success_buffer, self.model.ep_info_buffer
        length = np.mean([one["l"] for one in last])
        new = not self.path.exists()
        with self.path.open("a", encoding="utf-8") as file:
            if new:
                file.write("steps,win_rate,length\n")
            file.write(f"{self.num_timesteps},{np.mean(won):.2f},{length:.0f}\n")

    def _on_step(self) -> bool:
        return True


class _Versions(BaseCallback):
    """Keeps a version of an opponent every so many steps, as `SelfPlay` does."""

    def __init__(self, every: int):
        super().__init__()
        self.every = every
        self.kept: list[dict[str, np.ndarray]] = []

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self.every * len(self.kept):
            made = {MADE_AT: np.array([float(self.num_timesteps)])}
            self.kept.append({**opponent_arrays(self.model), **made})

    def _on_step(self) -> bool:
        return True


def rising(seed: int, steps: int, keep: Path, body: str) -> None:
    """Train one agent against the built-in opponents, and write its versions as a bank."""
    agent = _alone(seed, body, {"split": "all"})
    versions = _Versions(steps // KEPT)
    agent.learn(steps, callback=versions, log_interval=None)
    names = versions.kept[0]
    arrays = {name: np.concatenate([one[name] for one in versions.kept]) for name in names}
    save_file(arrays, keep / f"rising-{seed}.safetensors")


TRAININGS = {"self-play": self_play, "rising": rising, "training": training}


def rounds(name: str, seed: int, given: argparse.Namespace) -> None:
    """Train one agent, and play 40 rounds against a bank that it has not met."""
    entry = ENTRIES[name]
    made = getattr(agents, entry["agent"])
    kwargs = {**SCALE, "split": "all", "threads": 1}
    file = f"{entry['agent']}-sumo-{name}-{seed}.zip"
    began = time.perf_counter()
    if given.trained:
        agent = made.load(given.trained / file, env=ID, env_kwargs=kwargs)
    else:
        agent = made(entry["policy"], ID, seed=seed, env_kwargs=kwargs, **entry["arguments"])
        agent.learn(given.steps, log_interval=None)
        agent.save(given.keep / file)
    seconds = time.perf_counter() - began
    bank = {"bank": str(given.bank), "start_version": 0, "rounds_per_version": 3}
    rows = entry["arguments"].get("rows_per_task", 1)
    player = as_trained(agent) if name == "none" else agent
    curve = evaluate(player, ID, num_tasks=given.trials, rows_per_task=rows, episodes=120 // rows,
                     env_kwargs={**SCALE, **bank}, seed=1)  # fmt: skip
    wins = curve.success.reshape(given.trials, 4, -1).mean(axis=2)
    error = wins[:, 3].std(ddof=1) / np.sqrt(len(wins))
    _write("rounds", name, seed, agent.num_timesteps, seconds, given.trials,
           f"{wins[:, 0].mean():.3f}", f"{wins[:, 3].mean():.3f}", f"{error:.3f}",
           _REFERENCE)  # fmt: skip


def _write(what: str, entry: str, seed: Any, steps: int, seconds: float, *rest: Any) -> None:
    append("sumo.csv", COLUMNS, [what, entry, seed, steps, f"{seconds:.0f}", *rest])


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", *TRAININGS, "rounds"))
    parser.add_argument("names", nargs="*", help=f"for rounds: {', '.join(ENTRIES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--body", choices=WRESTLERS, default="puck", help="not for rounds")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--bank", type=Path, help="for rounds: opponents that no agent has met")
    parser.add_argument("--trained", type=Path, help="folder of agents that rounds trained before")
    parser.add_argument("--keep", type=Path, default=Path("."), help="folder of banks and agents")
    given = parser.parse_args()
    if given.what == "rounds" and given.bank and given.bank.read_bytes() == BUILT_IN.read_bytes():
        parser.error(f"--bank {given.bank} is the built-in one, which agents train on")
    begins()
    if given.what == "speed":
        speed()
    for seed in given.seeds if given.what in TRAININGS else ():
        TRAININGS[given.what](seed, given.steps, given.keep, given.body)
    for seed in given.seeds if given.what == "rounds" else ():
        for name in given.names:
            rounds(name, seed, given)


if __name__ == "__main__":
    main()
