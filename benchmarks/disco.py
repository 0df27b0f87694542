"""DiscoRL: what it reaches on Catch with the published rule, and how it compares with disco-torch.

    python benchmarks/disco.py learn --weights disco_103.npz --seeds 0 1 2
    python benchmarks/disco.py equal
    python benchmarks/disco.py speed

`learn` appends to `results/disco.csv` the share of balls that are caught in the last 100 episodes
of 1,000 updates; it needs the file of the published rule. `equal` and `speed` need the package
disco-torch (`pip install disco-torch`), and take a random rule of the same shapes: `equal` prints
how far apart loss, gradient and memory are in float64, `speed` appends to
`results/disco_speed.csv` the updates per second of processor time of both, in turns, with the same
learner's network.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from results_table import append, begins

from agents import DiscoRL
from agents.core.lifetimes.rule import Learners
from agents.disco.meta_network import DiscoMetaNetwork
from agents.disco.network import DiscoNetwork
from agents.disco.rule import DiscoRule
from agents.disco.weights import random_arrays, read_weights

Play = dict[str, torch.Tensor]


def learn(weights: str, seed: int, updates: int) -> None:
    """Train on Catch, with the settings of the notebook published with the rule."""
    agent = DiscoRL("MlpPolicy", "meta/Catch-v0", weights=weights, seed=seed, task={"mirrored": 0})
    start = time.perf_counter()
    agent.learn(updates * agent.n_envs * agent.n_steps, log_interval=None)
    returns = np.array([one["r"] for one in agent.ep_info_buffer or ()])
    append(
        "disco.csv", "seed,updates,steps,seconds,caught",
        [seed, updates, agent.num_timesteps, f"{time.perf_counter() - start:.0f}"],
        [float((returns > 0).mean())],
    )  # fmt: skip


def windows_of(network: DiscoNetwork, steps: int, windows: int, seed: int) -> Play:
    """Return random play, [1, T + 1, B, ...]."""
    rng = np.random.default_rng(seed)
    shape = 1, steps + 1, windows
    size = int(np.prod(network.observation_space.shape or ()))
    logits = rng.normal(size=(*shape, network.actions))
    play = {
        "inputs": rng.normal(size=(*shape, size)),
        "next_inputs": np.zeros((*shape, size)),
        "policy": logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)),
        "actions": rng.integers(network.actions, size=shape).astype(float),
        "rewards": rng.normal(size=shape),
        "alive": (rng.random(shape) > 0.1).astype(float),
        "cut": np.zeros(shape),
    }
    return {
        name: torch.from_numpy(part).to(torch.get_default_dtype()) for name, part in play.items()
    }


class Theirs:
    """disco-torch's update of the same learner, with the same rule."""

    def __init__(self, path: Path, rule: DiscoRule, learners: Learners):
        from disco_torch import DiscoUpdateRule
        from disco_torch.load_weights import load_disco103_weights
        from disco_torch.trainer import ClippedAdam

        self.rule, self.network = DiscoUpdateRule(), rule.network
        load_disco103_weights(self.rule, path)
        self.rule.to(torch.get_default_dtype())
        self.params = torch.nn.Parameter(learners["policy"].clone())
        self.state = self.rule.init_meta_state({"flat": self.params})
        self.optimizer = ClippedAdam([self.params], lr=rule.learning_rate)

    def said(self, params: torch.Tensor, inputs: torch.Tensor) -> Play:
        """Return what a learner says, by their names."""
        found = self.network.predictions(params, inputs.flatten(0, 1)[None])
        parts = {k: one[0].reshape(*inputs.shape[:2], *one.shape[2:]) for k, one in found.items()}
        return {"logits": parts.pop("policy"), "aux_pi": parts.pop("aux"), **parts}

    def update(self, play: Play) -> tuple[torch.Tensor, torch.Tensor]:
        """Take a step, as their trainer does; return loss and gradient."""
        from disco_torch import UpdateRuleInputs

        own = {name: part[0] for name, part in play.items()}
        terminal = 1 - own["alive"][:-1]
        rollout = UpdateRuleInputs(
            observations=own["inputs"],
            actions=own["actions"].long(),
            rewards=own["rewards"][:-1],
            is_terminal=terminal,
            agent_out=self.said(self.params, own["inputs"]),
            behaviour_agent_out={"logits": own["policy"]},
        )
        unroll = lambda params, seen, _: (self.said(params["flat"], seen), None)  # noqa: E731
        with torch.no_grad():
            wanted, state = self.rule.unroll_meta_net(
                rollout, {"flat": self.params}, self.state, unroll, {}
            )
        losses = self.rule.agent_loss(rollout, wanted, {})[0]
        losses = losses + self.rule.agent_loss_no_meta(rollout, wanted, {})[0]
        mask = 1 - torch.cat([torch.zeros_like(terminal[:1]), terminal[:-1]])
        loss = (losses * mask).sum() / (mask.sum() + 1e-8)
        self.optimizer.zero_grad()
        loss.backward()
        assert self.params.grad is not None
        self.optimizer.step()
        self.state = {**state, "target_params": {"flat": state["target_params"]["flat"].detach()}}
        return loss.detach(), self.params.grad.clone()


def both(steps: int, windows: int, widths: tuple[int, ...]) -> tuple[DiscoRule, Learners, Theirs]:
    """Return our rule, a learner, and the same for disco-torch."""
    path = Path(tempfile.mkdtemp()) / "random.npz"
    np.savez(path, **random_arrays(0))
    kind = torch.get_default_dtype()
    network = DiscoNetwork(spaces.Box(-1, 1, (50,)), spaces.Discrete(3), widths)
    meta = DiscoMetaNetwork(read_weights(path)).to(kind)
    rule = DiscoRule(network, meta, steps, windows, 1000, 1, steps + 1, 1e-3, 0.997, 0.95, 0.9)
    learners = {name: part.to(kind) for name, part in rule.begin([0]).items()}
    return rule, learners, Theirs(path, rule, learners)


def equal() -> None:
    """Print how far apart the two are after some updates."""
    torch.set_default_dtype(torch.float64)
    rule, learners, theirs = both(9, 4, (16,))
    for number in range(3):
        play = windows_of(rule.network, 9, 4, number)
        loss, _, _ = rule.loss(learners, learners["policy"], play)
        their_loss, _ = theirs.update(play)
        by_time = {name: part.transpose(0, 1) for name, part in play.items()}
        learners, _ = rule.improve(learners, by_time, torch.zeros(0), number)
        life = torch.cat(theirs.state["rnn_state"])
        apart = {
            "loss": float((loss - their_loss).abs()),
            "memory": float((learners["life"][0] - life).abs().max()),
            "parameters": float((learners["policy"] - theirs.params.detach()).abs().max()),
        }
        print(number, {name: f"{one:.1e}" for name, one in apart.items()}, flush=True)


def speed(rounds: int, updates: int = 5) -> None:
    """Time updates at the release's sizes, in turns."""
    rule, learners, theirs = both(29, 64, (512, 512))
    play = windows_of(rule.network, 29, 64, 0)
    by_time = {name: part.transpose(0, 1) for name, part in play.items()}

    def ours() -> Any:
        return rule.improve(learners, by_time, torch.zeros(0), 0)

    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    ways = (("ours", ours), ("theirs", lambda: theirs.update(play)))
    for turn in range(rounds + 1):
        for name, way in ways:
            start = time.process_time()
            for _ in range(updates):
                way()
            if turn:  # the first is a warm-up
                seconds[name].append((time.process_time() - start) / updates)
    ratios = np.array(seconds["theirs"]) / np.array(seconds["ours"])
    each = [1 / float(np.median(seconds[name])) for name in ("ours", "theirs")]
    append(
        "disco_speed.csv", "rounds,updates,ours_per_s,theirs_per_s,ratio,low,high",
        [rounds, updates], [*each, float(np.median(ratios)), ratios.min(), ratios.max()],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("learn", "equal", "speed"))
    parser.add_argument("--weights", help="of `learn`: the file of the published rule")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--updates", type=int, default=1000, help="of `learn`")
    parser.add_argument("--rounds", type=int, default=5, help="of `speed`")
    given = parser.parse_args()
    begins()
    if given.what == "learn":
        if given.weights is None:
            parser.error("learn needs --weights FILE, the published rule")
        for seed in given.seeds:
            learn(given.weights, seed, given.updates)
    elif given.what == "equal":
        equal()
    else:
        speed(given.rounds)


if __name__ == "__main__":
    main()
