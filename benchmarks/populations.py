"""Populations: who computes changes nothing; speed of Terrain; evolution of agents and tasks.

    python -m benchmarks.populations workers ray-workers # 1, 2, 4 processes; 1 and 2 of Ray
    python -m benchmarks.populations terrain-speed       # beside raw mj_step
    python -m benchmarks.populations es-terrain ppo-terrain pbt-bandit fixed-bandit --minutes 20
    python -m benchmarks.populations poet-terrain --minutes 120 --workers 2 --keep runs/kept
    python -m benchmarks.populations es-control ppo-control --of runs/kept/poet-poet-terrain-0.zip

Appends to `results/populations.csv`. `--keep FOLDER` saves the final agents there.
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

import agents
import meta_envs  # noqa: F401  registers the ids
from agents.core.evaluation.plot import save as save_figure
from benchmarks.one_terrain import ID as ONE_TERRAIN
from benchmarks.populations_workers import ray_workers, workers
from benchmarks.results_table import RESULTS, append, begins
from benchmarks.terrain_speed import terrain_speed

# The paper's rate, .01, is for populations of 512: ES of 64 had earned -57 after 8.7 million steps
# with it, and 22 after 2.9 million with this one.
_STEEP = {"learning_rate": 0.05, "policy_kwargs": {"net_arch": (40, 40)}}
_PARTS = 10  # of a control's training; each ends with a score
SOLVED = agents.POET.presets["terrain"]["arguments"]["solved_at"]
Rows = Iterator[tuple[str, Any]]


def es_terrain(seed: int, wishes: Any) -> Rows:
    """ES on flat ground for some minutes: its mean return, and when its center is worth 230.

    With `--of`, a checkpoint that `--keep` has written, it goes on.
    """
    if wishes.of is not None:
        agent = agents.ES.load(wishes.of, workers=wishes.workers)
    else:
        agent = agents.ES(
            *("MlpPolicy", ONE_TERRAIN),
            **{"population": 64, "n_envs": 64, "seed": seed, "workers": wishes.workers},
            **_STEEP,
        )
    yield from _trained(agent, wishes, "mean return", lambda: agent.latest["ep_rew_mean"])
    yield "return of the center, 20 episodes", _return_of(agent, None)


def ppo_terrain(seed: int, wishes: Any) -> Rows:
    """SB3's PPO on flat ground, with the arguments of RL Zoo for BipedalWalker but 16 rows."""
    model = _ppo(ONE_TERRAIN, {}, seed)
    yield from _trained_ppo(model, 60 * wishes.minutes)
    yield "return of the policy, 20 episodes", _return_of_ppo(model, None)


BANDIT = "meta/DependentBandit-v0"
SLOW = {"learning_rate": 4e-5, "n_epochs": 4}  # the rate is a hundredth of the preset's


def pbt_bandit(seed: int, wishes: Any) -> Rows:
    """PBT over RL2 from learning rates 100 times too small, on the dependent bandit.

    With `--of`, a checkpoint that `--keep` has written, it goes on.
    """
    if wishes.of is not None:
        agent = agents.PBT.load(wishes.of, workers=wishes.workers)
    else:
        agent = agents.PBT(
            *("rl2", BANDIT),
            **{"policy": "GruPolicy", "members": 8, "ready": 64_000, "n_envs": 64, "seed": seed},
            member_kwargs={"preset": "dependent-bandit", **SLOW},
            # up to 1e-1, a constant policy once became everybody's, and none was better any more
            explore={"learning_rate": ("log", 1e-5, 1e-2), "ent_coef": ("log", 1e-4, 1e-1)},
            **{"exploit": "tournament", "factors": (0.3, 3.0), "score_tasks": 200},
            workers=wishes.workers,
        )
    yield from _trained(agent, wishes, "score_best", lambda: agent.latest["score_best"])
    yield "held-out score of the best, of 73.78", _bandit_score(agent)


def fixed_bandit(seed: int, wishes: Any) -> Rows:
    """RL2 by the rate that pbt-bandit begins with, for an eighth of its time: as many steps."""
    agent = agents.RL2("GruPolicy", BANDIT, seed=seed, **SLOW)
    began = time.perf_counter()
    while time.perf_counter() - began < 60 * wishes.minutes / 8:
        agent.learn(100_000, reset_num_timesteps=not agent.num_timesteps, log_interval=None)
    yield f"held-out score after {agent.num_timesteps} steps, of 73.78", _bandit_score(agent)


def _bandit_score(agent: Any) -> float:
    curve = agents.evaluate(agent, BANDIT, num_tasks=1000, seed=7)
    assert curve.expected_returns is not None
    return round(float(curve.expected_returns.sum(axis=1).mean()), 2)


def poet_terrain(seed: int, wishes: Any) -> Rows:
    """POET with few niches, 600 steps and scaled thresholds; it is resumed once, in the middle."""
    yield from _poet(agents.POET, "meta/Terrain-v0", seed, wishes)


def enhanced_terrain(seed: int, wishes: Any) -> Rows:
    """Enhanced POET likewise, on the grounds of networks."""
    yield from _poet(agents.EnhancedPOET, "meta/CPPNTerrain-v0", seed, wishes)


def _poet(cls: Any, id: str, seed: int, wishes: Any) -> Rows:
    agent = cls(
        *("MlpPolicy", id),
        **{"env_kwargs": {"max_episode_steps": 600}, "seed": seed, "workers": wishes.workers},
    )
    for half in range(2):
        part = argparse.Namespace(**{**vars(wishes), "minutes": wishes.minutes / 2})
        name = f"best score, half {half + 1},"
        yield from _trained(agent, part, name, functools.partial(_best, agent))
        with tempfile.TemporaryDirectory() as folder:
            agent.save(Path(folder) / "agent.zip")
            agent = cls.load(Path(folder) / "agent.zip", workers=wishes.workers)
    kinds = [one["kind"] for one in agent.history]
    for name in ("admission", "transfer", "removal", "solved"):
        yield f"events: {name}", kinds.count(name)
    if cls is agents.EnhancedPOET:
        yield "ANNECS", agent.annecs
    save_figure(agent.draw_evolution(), RESULTS / f"populations-{wishes.entry}-s{seed}.png")
    ground, score, least = hardest(agent)
    yield f"hardest ground with a score of at least {least:g}", json.dumps(ground)
    yield "its score", round(score, 1)


def es_control(seed: int, wishes: Any) -> Rows:
    """ES on POET's hardest solved ground alone, at POET's steps; scored there, by 600 steps.

    Needs `--of`, the checkpoint of a POET; `--steps` are those after which it solved the ground.
    """
    steps, ground, short = _solved_by(wishes)
    agent = agents.ES(
        *("MlpPolicy", ONE_TERRAIN),
        env_kwargs={"ground": ground, **short},
        **{"population": 32, "n_envs": 32, "seed": seed, "workers": wishes.workers},
        **{**_STEEP, "learning_rate": 0.03, "sigma": 0.05},
    )
    for _ in range(_PARTS):
        agent.learn(steps // _PARTS, reset_num_timesteps=not agent.iteration, log_interval=None)
        yield f"ES on that ground, {agent.num_timesteps} steps", _return_of(agent, ground, short)


def ppo_control(seed: int, wishes: Any) -> Rows:
    """PPO on uniformly random genes (domain randomisation), at POET's steps; scored as es-control.

    64 rows and minibatches of 1,024, where RL Zoo has 64: else it would take hours.
    """
    steps, ground, short = _solved_by(wishes)
    given = {"num_envs": 64, "n_steps": 256, "batch_size": 1024}
    model = _ppo("meta/Terrain-v0", {"split": "all", **short}, seed, **given)
    for part in range(_PARTS):
        model.learn(steps // _PARTS, reset_num_timesteps=not part, log_interval=None)
        score = _return_of_ppo(model, ground, short)
        yield f"PPO on random ground, {model.num_timesteps} steps", score


def _solved_by(wishes: Any) -> tuple[int, dict[str, Any], dict[str, int]]:
    """Return a control's steps, POET's `hardest` ground, and what makes episodes 600 steps long."""
    if wishes.of is None:
        raise SystemExit("es-control and ppo-control need --of, the checkpoint of a POET")
    poet = agents.POET.load(wishes.of)
    ground, score, least = hardest(poet)
    print(f"POET's own score {score:.1f}, at least {least:g}", json.dumps(ground), flush=True)
    return wishes.steps or poet.num_timesteps, ground, {"max_episode_steps": 600}


def _best(agent: Any) -> float:
    return max(one.score for one in agent.niches)


def hardest(agent: Any) -> tuple[dict[str, Any], float, float]:
    """Return the task with the largest genes of all that were solved, its score, and `SOLVED`.

    The score is what its agent had when it solved it. Where nothing was solved, these are of the
    active task with the largest genes that has three quarters of `SOLVED`, half of it, or any.
    """
    family = agent.venv.unwrapped
    tasks = {one["niche"]: one["task"] for one in agent.history if one["kind"] == "admission"}
    solved = [one for one in agent.history if one["kind"] == "solved"]
    found, least = [(tasks[one["niche"]], one["score"]) for one in solved], SOLVED
    for lower in (0.75 * SOLVED, 0.5 * SOLVED, -np.inf):
        if not found:
            found = [(tasks[one.number], one.score) for one in agent.niches if one.score >= lower]
            least = lower
    arrays = [{key: np.asarray(part) for key, part in task.items()} for task, _ in found]
    at = int(np.argmax([np.sum(family.novelty_features(task)) for task in arrays]))
    return found[at][0], float(found[at][1]), float(least)


def _return_of(agent: Any, ground: Any, more: Any = None) -> float:
    kwargs = {**({} if ground is None else {"ground": ground}), **(more or {})}
    curve = agents.evaluate(agent, ONE_TERRAIN, env_kwargs=kwargs, num_tasks=20, seed=10**6)
    return round(float(curve.returns.mean()), 1)


def _ppo(id: str, kwargs: dict[str, Any], seed: int, num_envs: int = 16, **more: int) -> Any:
    rows = agents.SB3VecEnv(gym.make_vec(id, num_envs=num_envs, **kwargs))
    given = {"n_steps": 1024, "batch_size": 64, "gae_lambda": 0.95, "gamma": 0.999, **more}
    scaled = VecNormalize(VecMonitor(rows))
    return PPO("MlpPolicy", scaled, seed=seed, device="cpu", clip_range=0.18, **given)


def _trained_ppo(model: Any, seconds: float) -> Rows:
    """Train for some seconds; yield its mean return after each tenth, and when it is 230."""
    began, told, solved = time.perf_counter(), 0, False
    while told < 10:
        model.learn(16 * 1024, reset_num_timesteps=not model.num_timesteps, log_interval=None)
        passed = time.perf_counter() - began
        newest = float(np.mean([one["r"] for one in model.ep_info_buffer or [{"r": np.nan}]]))
        if newest >= 230 and not solved:
            solved = True
            yield "mean return is 230 after seconds", round(passed)
        if passed * 10 >= (told + 1) * seconds:
            told = int(passed * 10 / seconds)
            yield f"mean return after {model.num_timesteps} steps", round(newest, 1)


def _return_of_ppo(model: Any, ground: Any, more: Any = None) -> float:
    kwargs = {**({} if ground is None else {"ground": ground}), **(more or {})}
    rows = VecMonitor(agents.SB3VecEnv(gym.make_vec(ONE_TERRAIN, num_envs=20, **kwargs)))
    rows.seed(10**6)
    scaled = VecNormalize(rows, training=False, norm_reward=False)
    scaled.obs_rms = model.get_env().obs_rms
    returns, _ = evaluate_policy(model, scaled, n_eval_episodes=20)
    return round(float(returns), 1)


def _trained(agent: Any, wishes: Any, name: str, figure: Any) -> Rows:
    """Train for the time that was asked for; yield the figure after each tenth of it."""
    began, told, solved = time.perf_counter(), 0, False
    while (passed := time.perf_counter() - began) < 60 * wishes.minutes:
        agent.learn(1, reset_num_timesteps=not agent.iteration, log_interval=None)
        if passed >= told * 6 * wishes.minutes:
            told += 1
            yield f"{name} after {agent.num_timesteps} steps", round(float(figure()), 3)
        if float(figure()) >= 230 and not solved:
            solved = True
            yield f"{name} is 230 after seconds", round(time.perf_counter() - began)
    yield f"{name} at the end, {agent.num_timesteps} steps", round(float(figure()), 3)
    if wishes.keep is not None:
        agent.save(wishes.keep / f"{type(agent).__name__.lower()}-{wishes.entry}-{agent.seed}.zip")


ENTRIES = {
    "workers": workers,
    "ray-workers": ray_workers,
    "terrain-speed": terrain_speed,
    "es-terrain": es_terrain,
    "ppo-terrain": ppo_terrain,
    "pbt-bandit": pbt_bandit,
    "fixed-bandit": fixed_bandit,
    "poet-terrain": poet_terrain,
    "enhanced-terrain": enhanced_terrain,
    "es-control": es_control,
    "ppo-control": ppo_control,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--of", type=Path, default=None, help="a checkpoint of POET, PBT or ES")
    parser.add_argument("--steps", type=int, help="of a control; POET's if not given")
    parser.add_argument("--keep", type=Path, default=None)
    wishes = parser.parse_args()
    begins()
    for entry in wishes.entries:
        wishes.entry = entry
        for seed in wishes.seeds:
            began = time.perf_counter()
            for what, value in ENTRIES[entry](seed, wishes):
                row = [entry, seed, round(time.perf_counter() - began, 1), what, value]
                append("populations.csv", "entry,seed,seconds,what,value", row)


if __name__ == "__main__":
    main()
