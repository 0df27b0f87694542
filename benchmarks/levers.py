"""What larger minibatches, fewer epochs and the like give VariBAD and MAML, in steps a second.

    python -m benchmarks.levers --repeats 3

Agents with their presets, and with one setting changed each, train in turn, an iteration at a time;
one thread, processor time. `speed` is timesteps a second, `ratio` that of the preset in the same
turns; the shares of time are stepping the environment, acting (the agent's own part of collecting),
the policy's update, the belief's update (VariBAD), and the rest (the log, checks, copies of the
state). Medians over turns; appends to `benchmarks/results/levers.csv`. How well they learn is not
measured here.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from agents import MAML, VariBAD
from benchmarks.parts import Parts
from benchmarks.results_table import append, begins

Lever = tuple[str, dict[str, Any]]
_VARIBAD: list[Lever] = [
    ("preset", {}),
    ("minibatches of 128", {"batch_size": 128}),
    ("minibatches of 256", {"batch_size": 256}),
    ("4 epochs for 8", {"n_epochs": 4}),
    ("5 updates of the belief for 10", {"vae_updates": 5}),
    ("minibatches of 128, 4 epochs, 5 of the belief",
     {"batch_size": 128, "n_epochs": 4, "vae_updates": 5}),
]  # fmt: skip
_MAML: list[Lever] = [
    ("preset", {}),
    ("curvature from a fifth of the tasks", {"sub_sampling_factor": 5}),
    ("5 steps of conjugate gradients for 10", {"cg_max_steps": 5}),
    ("10 episodes a task and step for 20", {"rows_per_task": 10, "n_envs": 400}),
    ("Adam, 5 epochs", {"outer": "ppo"}),
]
AGENTS: dict[str, tuple[Any, str, list[Lever]]] = {
    "varibad": (VariBAD, "meta/GridNavi-v0", _VARIBAD),
    "maml": (MAML, "meta/PointNavigation-v0", _MAML),
}
_PARTS = ("stepping", "acting", "update", "belief")
_COLUMNS = "agent,id,lever,repeats,speed,ratio,least,most,stepping,acting,update,belief,rest"


class Trained:
    """An agent whose iterations are timed by parts."""

    def __init__(self, cls: Any, id: str, given: dict[str, Any]):
        policy = next(iter(cls.policy_aliases))
        self.agent = cls(policy, id, seed=0, **given)
        self.parts = Parts()
        inside = self.agent.venv.unwrapped
        for owner, method, name in (
            *((inside, "step", "stepping"), (inside, "advance", "stepping")),
            *((inside, "reset", "stepping"), (self.agent, "_collect", "acting")),
            *((self.agent, "train", "update"), (self.agent, "_train_belief", "belief")),
        ):
            if hasattr(owner, method):
                self.parts.watch(owner, method, name)
        self.turns: list[tuple[float, ...]] = []  # steps a second, then the parts' shares

    def turn(self, count: bool = True) -> None:
        """Train an iteration; the first of an agent does not count."""
        self.parts.seconds.clear()
        before, began = self.agent.num_timesteps, time.process_time()
        self.agent.learn(1, reset_num_timesteps=False, log_interval=None)
        whole = time.process_time() - began
        shares = [self.parts.seconds[name] / whole for name in _PARTS]
        steps = self.agent.num_timesteps - before
        if count:
            self.turns.append((steps / whole, *shares, 1.0 - sum(shares)))


def compare(name: str, repeats: int) -> None:
    """Time an agent's levers in turns, and append a row each."""
    cls, id, levers = AGENTS[name]
    trained = [Trained(cls, id, given) for _, given in levers]
    for turn in range(repeats + 1):
        for one in trained if turn % 2 else trained[::-1]:
            one.turn(count=turn > 0)
    preset = np.array(trained[0].turns)[:, 0]
    for (lever, _), one in zip(levers, trained, strict=True):
        turns = np.array(one.turns)
        ratios = turns[:, 0] / preset
        speed, *shares = np.median(turns, axis=0).tolist()
        figures = [float(np.median(ratios)), float(ratios.min()), float(ratios.max()), *shares]
        append("levers.csv", _COLUMNS, [name, id, lever, repeats, round(speed)], figures)


def main() -> None:
    """Compare the levers of the agents named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="AGENT", help=", ".join(AGENTS))
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    begins()
    for name in given.names or AGENTS:
        compare(name, given.repeats)


if __name__ == "__main__":
    main()
