"""Two colours: learners of their own entropy bonus, or epsilon, beside learners with fixed ones."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import multiprocessing
import pickle
import time
from typing import Any

import numpy as np
import torch
from many_learners import append_to, player_of, record, rewards_of
from results_table import RESULTS

import agents
from agents import Player
from agents.bmg.presets import PRESETS

_LEARNT = ("ent_coef", "meta_learning_rate", "target_steps")  # which learners of a fixed bonus lack
_GIVEN = PRESETS["two-colours"]["arguments"]
TWO_COLOURS = {key: value for key, value in _GIVEN.items() if key not in _LEARNT} | {"preset": None}
ENTROPIES, EPSILONS = (0.05, 0.1, 0.2), (0.02, 0.1, 0.3)
COLOURS = "meta/TwoColours-v0"


def two_colours(arguments: argparse.Namespace) -> None:
    """BMG beside fixed entropy bonuses.

    With orthogonal weights and no bound on gradients, two of three learners with a fixed bonus of
    .1 to .3 never recover from a switch: their policies have become deterministic. After a switch
    policies shun both squares, with a reward of -.04 a step, and with a bonus of .1 hardly ever
    touch one again: a learnt bonus must rise to .2. Targets of 8 updates, of the paper's 8 and 16,
    let it rise soonest (.052 and .158 a step in the second and the fourth phase; with 16 .012 and
    .113); with meta rates of .003 and .01 it drifts up to .3 to .9 and stays there.

    Reference: Luketina et al. 2022, table 1: total reward 1.74 against 1.24 in 10,000,000 steps.
    """
    bmg = agents.BMG("MlpPolicy", COLOURS, seed=0, preset="two-colours")
    fixed = agents.A2C("MlpPolicy", COLOURS, seed=0, **TWO_COLOURS)
    each = torch.tensor(ENTROPIES).repeat_interleave(len(arguments.seeds))
    fixed.rule = dataclasses.replace(fixed.rule, ent_coef=each)
    _beside_fixed("two-colours", (bmg, "ent_coef"), (fixed, ENTROPIES), arguments)


def q_two_colours(arguments: argparse.Namespace) -> None:
    """QBMG beside fixed epsilons.

    Reference: Luketina et al. 2022, table 1: total reward 1.93 against .58 in 10,000,000 steps.
    """
    given = {"seed": 0, "learning_rate": 3e-5, "context": 100, "max_grad_norm": None}
    given |= {"policy_kwargs": {"net_arch": [256, 256], "activation": "relu"}, "preset": None}
    given |= {"n_envs": 1, "n_steps": 16, "gamma": 0.99, "q_lambda": 0.9}
    learnt = agents.QBMG("MlpPolicy", COLOURS, meta_learning_rate=1e-4, **given)
    still = {**given, "meta_learning_rate": 0.0, "context": 0}
    fixed = agents.QBMG("MlpPolicy", COLOURS, **still)
    meta = fixed.rule.meta
    bounds, column = meta.bounded["epsilon"], meta.layout.begins["epsilon"]
    each = [dataclasses.replace(bounds, initial=epsilon).raw_initial() for epsilon in EPSILONS]
    raw = torch.tensor(each).repeat_interleave(len(arguments.seeds))
    meta.begin = functools.partial(_begun, meta.begin, column, raw)
    _beside_fixed("q-two-colours", (learnt, "epsilon"), (fixed, EPSILONS), arguments)


def _begun(drawn: Any, column: int, raw: torch.Tensor, seeds: list[int]) -> torch.Tensor:
    eta = drawn(seeds).clone()
    eta[:, column] = raw
    return eta


def _beside_fixed(
    entry: str, learning: tuple[Any, str], fixed: tuple[Any, Any], arguments: argparse.Namespace
) -> None:
    """Play learners of a meta-parameter beside learners with fixed ones, in a process each."""
    seeds, (agent, figure), (other, values) = arguments.seeds, learning, fixed
    learnt, still = type(agent).__name__, type(other).__name__ + " fixed"
    each = np.repeat(values, len(seeds))
    names = [(learnt, "learnt", seed) for seed in seeds]
    names += [(still, value, seed) for value in values for seed in seeds]
    bins, width = RESULTS / f"meta_gradients-{entry}.csv", 10_000
    if arguments.state is not None and arguments.state.is_file():
        of, players, totals, steps, before = pickle.loads(arguments.state.read_bytes())
        if of != names:
            raise SystemExit(f"--state {arguments.state} is of {of[0][0]}, seeds {_seeds(of)}")
    else:
        players = [
            player_of(agent, COLOURS, _paying(len(seeds)), 1, arguments.first_seed),
            player_of(other, COLOURS, _paying(len(each)), 1, arguments.first_seed + 10_000),
        ]
        totals, steps, before = {name: 0.0 for name in names}, 0, 0.0
    pipes = [_process(player) for player in players]
    start = time.perf_counter()
    while steps < arguments.steps:
        for pipe in pipes:
            pipe.send(width)
        played, figures, players = zip(*[pipe.recv() for pipe in pipes], strict=True)
        steps += width
        rewards, shown = np.concatenate(played), [*figures[0][figure], *each]
        rows = []
        for name, reward, bonus in zip(names, rewards, shown, strict=True):
            totals[name] += reward
            rows.append([*name, steps, f"{reward / width:.5f}", f"{bonus:.4f}"])
        append_to(bins, f"learner,{figure},seed,steps,reward,present".split(","), rows)
        seconds = before + time.perf_counter() - start
        if arguments.state is not None:
            whole = arguments.state.with_suffix(".new")
            whole.write_bytes(pickle.dumps((names, players, totals, steps, seconds)))
            whole.replace(arguments.state)
        if arguments.minutes and time.perf_counter() - start > 60 * arguments.minutes:
            break

    for pipe in pipes:
        pipe.send(0)

    def mean(learner: str, value: Any) -> float:
        return float(np.mean([totals[name] for name in names if name[:2] == (learner, value)]))

    best = max(mean(still, value) for value in values)
    for (learner, value, seed), total in totals.items():
        record(entry, f"{learner} {value}", COLOURS, seed, steps, seconds, total_reward=total)
    ratio = mean(learnt, "learnt") / best
    record(entry, learnt, COLOURS, -1, steps, seconds, over_best_fixed=(ratio, "at least 1.25"))


def _process(player: Player) -> Any:
    """Begin a process that plays as many steps as it is sent; return a pipe to it."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    spawning.Process(target=_play, args=(theirs, player), daemon=True).start()
    theirs.close()  # the process has its own end: if it dies, ours says so
    return ours


def _play(pipe: Any, player: Player) -> None:
    """Play, and send rewards, figures and the player as it is then, until 0 steps are wanted."""
    torch.set_num_threads(1)
    while steps := pipe.recv():
        rewards = rewards_of(player, steps)
        pipe.send((rewards, player.loop.figures, player))


def _seeds(names: list[Any]) -> list[int]:
    return sorted({name[-1] for name in names})


def _paying(rows: int) -> list[dict[str, int]]:
    return [{"paying": row % 2} for row in range(rows)]
