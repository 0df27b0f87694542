"""Resolve all extras for every Python that pyproject.toml names; nothing is installed.

    make extras        (or: python tests/check_extras.py, with `uv` installed)

With constraints.txt and without, as `pip install` would. Each asks the package index, a minute or
two altogether, and so is no part of pytest.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = ("all", "metaworld", "dev")  # "all" is what can be installed together: every other one
NOT_FOR_USERS = {"pytest", "ruff", "mypy", "hatchling", "metaworld"}  # must not be in [all]


def main() -> None:
    """Print a line for each environment; exit with 1 if one cannot be resolved."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
        own = Path(folder) / "constraints.txt"  # as `make metaworld` has it
        own.write_text(re.sub(r"^mujoco.*\n", "", pins, flags=re.MULTILINE), encoding="utf-8")
        for python in PYTHONS:
            for extra in EXTRAS:
                for pinned in (True, False):
                    file = own if extra == "metaworld" else ROOT / "constraints.txt"
                    said = check(python, extra, file if pinned else None)
                    failed += said.startswith("FAILS")
                    how = "with constraints" if pinned else "without"
                    print(f"{python:5} [{extra}]".ljust(18), how.ljust(17), said, flush=True)
    sys.exit(bool(failed))


def check(python: str, extra: str, constraints: Path | None) -> str:
    """Return how many packages would be installed, or what is wrong."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header"]
    command += ["--no-annotate", "--python-version", python, "pyproject.toml"]
    command += ["--extra", extra] if extra else []
    command += ["--constraint", str(constraints)] if constraints else []
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        return f"FAILS: {done.stderr.strip()}"
    packages = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", done.stdout, re.MULTILINE))
    if extra == "all" and (strange := NOT_FOR_USERS & set(packages)):
        return f"FAILS: brings {sorted(strange)}"
    mujoco = f", mujoco {packages['mujoco']}" if "mujoco" in packages else ""
    return f"{len(packages)} packages{mujoco}"


if __name__ == "__main__":
    main()
