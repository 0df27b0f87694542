"""Every agent on a GPU: trained there, saved, read on the CPU, and how fast.

    python -m benchmarks.gpu                      # on the GPU if there is one, else on the CPU
    python -m benchmarks.gpu --device cpu --rows 256 --agents rl2 pearl --only agents
    python -m benchmarks.gpu --device elsewhere --only agents

One call, in any case; what fails is a row that says so. First each agent trains for two iterations
at its smallest sizes on the device, is saved and read on the CPU, where both must act alike: the
same choices, and numbers that differ by less than 1e-4 (on one device, by nothing). `LPG`,
`DiscoRL`, `MFEC` and `NEC` compute on the CPU, and are refused on others, which the row says;
agents that learn from a population take any device, and compute on the CPU. Then steps a second of
RL2, of A2C and of PPO on bandits and grids, by rows (wall time: a GPU's work is none of the
processor's; stepping is the CPU's). Appends to `benchmarks/results/gpu.csv`.

`elsewhere` needs no GPU: tensors claim a device that is not theirs, and what a GPU refuses is
refused: operands of two devices, generators of the CPU, `numpy()` (`tests/agents/elsewhere.py`).
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import agents
from agents.laws.setting import ITERATIONS, Setting
from benchmarks.results_table import append

_COLUMNS = "device,what,agent,id,rows,result,steps_per_second"
_ROWS = (256, 1024, 4096, 16_384)
_IDS = ("meta/DependentBandit-v0", "meta/GridNavi-v0")
_SMALL: dict[str, dict[str, Any]] = {
    "rl2": {"n_epochs": 1, "batch_size": None, "policy_kwargs": {"hidden_size": 64}},
    "a2c": {"n_steps": 16},
    "ppo": {"n_steps": 64, "n_epochs": 1},
}
_CLOSE = 1e-4


def class_of(name: str) -> Any:
    """Return an agent's class, by its name on the command line."""
    return getattr(agents, agents.ALGORITHMS[name].partition(":")[2])


def actions_of(agent: Any, setting: Setting) -> list[np.ndarray]:
    """Return what an agent's learner does in a few steps of a batch."""
    venv = setting.batch(4)
    loop = agent.inner_loop(venv, seed=1)
    loop.reset()
    shown, actions = venv.reset(seed=1)[0], []
    for _ in range(3):  # on one observation, so that the actions before do not matter
        actions.append(np.asarray(loop.act(shown)))
        loop.reset()
    venv.close()
    return actions


def far(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Return the largest difference of two lists of actions."""
    return max(
        float(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max())
        for a, b in zip(one, other, strict=True)
    )


def check(name: str, device: str) -> tuple[str, str]:
    """Train an agent, save it and read it on the CPU.

    Returns:
        The id, and `"equal"`, or what was otherwise.
    """
    setting = Setting(class_of(name))
    with tempfile.TemporaryDirectory() as folder, within(device) as there:
        try:
            agent = setting.make(device=there)
        except ValueError as refused:
            return setting.id, f"refused: {refused}"
        path = Path(folder) / "agent.zip"
        try:
            agent.learn(1, log_interval=None)
            total = (ITERATIONS - 1) * agent.num_timesteps
            agent.learn(total, reset_num_timesteps=False, log_interval=None)
            agent.save(path)
            read = setting.cls.load(path)  # type: ignore[attr-defined]
            apart = far(actions_of(agent, setting), actions_of(read, setting))
        except Exception as failed:  # the next agent is asked all the same
            said = (str(failed).splitlines() or [""])[0][:150]
            return setting.id, f"failed: {type(failed).__name__}: {said}"
    most = 0.0 if device == "cpu" else _CLOSE
    return setting.id, "equal" if apart <= most else f"actions differ by {apart:.2g}"


def within(device: str) -> contextlib.AbstractContextManager[str]:
    """Return a context in which there is a device, which gives its name to agents."""
    if device != "elsewhere":
        return contextlib.nullcontext(device)
    from tests.agents.elsewhere import elsewhere

    return elsewhere()


def speed(name: str, id: str, rows: int, device: str, seconds: float) -> float:
    """Return timesteps a second of whole iterations, after the first."""
    cls = class_of(name)
    policy = next(iter(cls.policy_aliases))
    given = {"preset": None, "seed": 0, "n_envs": rows, **_SMALL[name]}
    agent = cls(policy, id, device=device, **given)

    def finished() -> float:
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    agent.learn(1, log_interval=None)
    began, before = finished(), agent.num_timesteps
    while finished() - began < seconds:
        agent.learn(1, reset_num_timesteps=False, log_interval=None)
    return (agent.num_timesteps - before) / (finished() - began)


def main() -> None:
    """Check the agents, then measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", help="cuda, cpu or elsewhere; by default cuda if there is one")
    parser.add_argument("--rows", type=int, nargs="+", default=list(_ROWS))
    parser.add_argument("--agents", nargs="+", choices=agents.ALGORITHMS, metavar="NAME")
    parser.add_argument("--only", choices=("agents", "speed"), help="half of it")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measured training")
    given = parser.parse_args()
    there = torch.cuda.is_available()
    device = given.device or ("cuda" if there else "cpu")
    print(f"device: {torch.cuda.get_device_name() if device == 'cuda' and there else device}")
    for name in (given.agents or agents.ALGORITHMS) if given.only != "speed" else ():
        id, result = check(name, device)
        append("gpu.csv", _COLUMNS, [device, "trained, saved, read", name, id, "", result, ""])
    for name in _SMALL if given.only != "agents" else ():
        for id in _IDS:
            for rows in given.rows:
                rate = speed(name, id, rows, device, given.seconds)
                append("gpu.csv", _COLUMNS, [device, "speed", name, id, rows, "", f"{rate:.4g}"])


if __name__ == "__main__":
    main()
