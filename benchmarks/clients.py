"""Other libraries as clients of the scalar ids: TorchRL's own check of environments.

Run it in a separate environment, since TorchRL is not a dependency of this project:

    python -m venv /tmp/clients && /tmp/clients/bin/pip install torchrl . mujoco
    /tmp/clients/bin/python -m benchmarks.clients

Every id is made by `gym.make` and wrapped (`GymWrapper`), and made by TorchRL itself (`GymEnv`);
`check_env_specs` then plays each. Appends to `benchmarks/results/clients.csv`; exit code 1 means
that an id fails.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import gymnasium as gym

import meta_envs  # noqa: F401  registers the ids

_CSV = Path(__file__).parent / "results" / "clients.csv"
_IDS = (
    "meta/BernoulliBandit-v0",
    "meta/TabularMDP-v0",
    "meta/GridNavi-v0",
    "meta/RandomMaze-v0",
    "meta/PointGoal-v0",
    "meta/HalfCheetahVel-v0",
    "meta/Sinusoid-v0",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    arguments = parser.parse_args()
    from torchrl.envs import GymEnv, GymWrapper

    ways: dict[str, Callable[[str], Any]] = {
        "GymWrapper": lambda id: GymWrapper(gym.make(id)),
        "GymEnv": GymEnv,
    }
    found = [verdict(way, make, id) for way, make in ways.items() for id in _IDS]
    for record in found:
        print(f"{record['way']:10s} {record['id']:24s} {record['verdict']}")
    passed = [record["verdict"] == "passes" for record in found]
    print(f"{sum(passed)} of {len(passed)} pass TorchRL {metadata.version('torchrl')}'s check")
    if not arguments.dry:
        append(found)
    sys.exit(not all(passed))


def verdict(way: str, make: Callable[[str], Any], id: str) -> dict[str, str]:
    """Make one id in one way, have TorchRL check it, and return the CSV's row."""
    from torchrl.envs.utils import check_env_specs

    said = "passes"
    try:
        env = make(id)
        check_env_specs(env)
        env.close()
    except Exception as reason:  # any exception is a finding
        said = f"{type(reason).__name__}: {reason}"
    versions = {name: metadata.version(name) for name in ("torchrl", "gymnasium")}
    date = datetime.date.today().isoformat()
    return {"date": date, **versions, "way": way, "id": id, "verdict": said}


def append(records: list[dict[str, str]]) -> None:
    """Add rows to the CSV, with a header where it is new."""
    new = not _CSV.exists()
    with _CSV.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
