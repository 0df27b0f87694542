"""Install metazoo beside several versions of Python, Gymnasium and MuJoCo, and use it there.

    make versions      (or: python tests/check_versions.py, with `uv` installed)
    python tests/check_versions.py 3.10 gymnasium==1.1.1 mujoco==4.0.0      # only these

Every environment plays each id that can be made in it, then trains, saves, loads, resumes and
evaluates an agent. The table goes to `benchmarks/results/versions.csv`. It takes minutes, most of
them for installing, and so is no part of pytest. A row is written when it is there and replaces an
older one of the same environment, so that a check that was stopped has lost nothing. The whole
suite runs with the oldest and the newest versions only (`make floor`, `make test`). The table says
which Pythons are not on this machine, and which versions cannot be had.
"""

from __future__ import annotations

import csv
import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks" / "results" / "versions.csv"
COLUMNS = ("date", "commit", "asked", "python", "gymnasium", "mujoco", "ids", "outcome")
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
OWN = "3.11"  # with which the other versions are tried
# Pairs of Gymnasium and MuJoCo; None is what pip chooses.
PAIRS = (
    *((gymnasium, None) for gymnasium in ("1.1.1", "1.2.3", "1.3.0", "1.4.0")),
    *((None, mujoco) for mujoco in ("3.3.7", "3.6.0", "3.10.0", "3.17.0", "4.0.0")),
)


def outside(names: list[str]) -> None:
    """Try environments, and write the table; exit with 1 if one fails.

    Args:
        names: A Python, or a package and its version; none are all.
    """
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    wanted = {python: (python, None, None) for python in PYTHONS}
    for gymnasium, mujoco in PAIRS:
        name = f"gymnasium=={gymnasium}" if gymnasium else f"mujoco=={mujoco}"
        wanted[name] = OWN, gymnasium, mujoco
    if unknown := sorted(set(names) - set(wanted)):
        sys.exit(f"no environments {unknown}; there are {', '.join(wanted)}")
    rows = {}
    if TABLE.exists():
        with TABLE.open(newline="", encoding="utf-8") as file:
            rows = {row["asked"]: list(row.values()) for row in csv.DictReader(file)}
    for name in names or wanted:
        found = tried(*wanted[name])
        rows[name] = [datetime.date.today().isoformat(), commit, name, *found]
        print(name, *found, flush=True)
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            kept = [rows[one] for one in wanted if one in rows]
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *kept])
    sys.exit(any(row[-1].startswith("FAILS") for row in rows.values()))


def tried(python: str, gymnasium: str | None, mujoco: str | None) -> list[str]:
    """Return the versions of an environment, how many ids it played, and what came of it."""
    asked = [python, gymnasium or "", mujoco or "", ""]
    with tempfile.TemporaryDirectory() as folder:
        uv = [sys.executable, "-m", "uv"]
        made = _run([*uv, "venv", "--quiet", "--no-python-downloads", "--python", python, folder])
        if made.returncode != 0:
            return [*asked, "not on this machine"]
        home = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python"
        pins = [f"gymnasium=={gymnasium}"] if gymnasium else []
        pins += [f"mujoco=={mujoco}"] if mujoco else []
        install = [*uv, "pip", "install", "--quiet", "--python", str(home)]
        # the CPU build of torch, and nothing else that constraints.txt has for one Python alone
        done = _run([*install, "torch==2.13.0", f"{ROOT}[mujoco]", *pins])
        if done.returncode != 0:
            return [*asked, f"cannot be installed: {_last(done.stderr)}"]
        script = Path(__file__)
        told = _run([str(home), "-I", str(script), "inside"], cwd=folder)
    if told.returncode != 0:
        return [*asked, f"FAILS: {_last(told.stderr)}"]
    return told.stdout.splitlines()[-1].split(",")


def _run(command: list[str], cwd: str | None = None) -> subprocess.CompletedProcess:
    env = {
        **os.environ,
        "MUJOCO_GL": "disabled",
        "SDL_VIDEODRIVER": "dummy",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd, env=env,
        check=False,
    )  # fmt: skip


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "nothing was said"


def inside() -> None:
    """Use the installed package; print versions and the number of ids that were played."""
    import platform
    from importlib.metadata import version

    import gymnasium as gym
    import numpy as np

    import agents
    import meta_envs

    played = 0
    for id in meta_envs.list_distributions():
        try:
            venv = gym.make_vec(id, num_envs=3)
        except (ImportError, ValueError):  # another extra, or an argument that has no default
            continue
        venv.reset(seed=0)
        venv.action_space.seed(0)
        for _ in range(20):
            _, rewards, *_ = venv.step(venv.action_space.sample())
            assert np.isfinite(rewards).all(), id
        venv.close()
        played += 1
    id = "meta/DependentBandit-v0"
    agent = agents.RL2("GruPolicy", id, n_envs=8, n_epochs=1, seed=0, preset=None).learn(1_600)
    agent.save("agent.zip")
    again = agents.RL2.load("agent.zip").learn(800, reset_num_timesteps=False)
    assert again.num_timesteps == 2_400
    assert np.isfinite(agents.evaluate(again, id, num_tasks=10).total()[0])
    print(
        platform.python_version(), version("gymnasium"), version("mujoco"), played, "works", sep=","
    )


if __name__ == "__main__":
    inside() if sys.argv[1:] == ["inside"] else outside(sys.argv[1:])
