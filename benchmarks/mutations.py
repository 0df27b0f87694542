"""Mistakes that tests must see: each is made in a copy, where the tests named beside it must fail.

    python benchmarks/mutations.py                          # all; exits with 1 if one goes unseen
    python benchmarks/mutations.py ppo gae --out ""         # those whose names contain a word

A mistake is a text that occurs once in a file, and its replacement. They are of the kind
that leaves shapes, types and most figures as they are: a wrong sign, a detached gradient, a network
for its slow copy, one task's data for another's. Every row of `results/mutations.csv` says how many
of its tests failed; the first row is the unchanged copy, whose tests must all pass.

POSIX only: tests run in forks of a process that has imported PyTorch once.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from mutation_list import MISTAKES, Mistake

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "mutations.csv"
COPIED = ("agents", "assets", "meta_envs", "registrations", "tests", "pyproject.toml")


def main() -> None:
    """Print and write a row for each mistake."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only mistakes whose names contain one of these")
    parser.add_argument("--out", default=str(RESULTS), help="CSV file; empty for none")
    given = parser.parse_args()
    chosen = [one for one in MISTAKES if any(word in one.name for word in given.words or [""])]
    every = tuple(dict.fromkeys(test for one in chosen for test in one.tests))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, Path(folder) / name)
        import stable_baselines3  # noqa: F401  once, for all forks

        unchanged = Mistake("none", "", "", "", every)
        for mistake in (unchanged, *chosen):
            began = time.perf_counter()
            failed, passed = _count(Path(folder), mistake)
            good = (failed == 0 and passed > 0) if mistake is unchanged else failed > 0
            rows.append([mistake.name, mistake.file, failed, passed, "yes" if good else "NO"])
            print(f"{time.perf_counter() - began:6.1f} s  failed {failed:3}  passed {passed:4}  "
                  f"{'ok' if good else 'UNSEEN'}  {mistake.name}", flush=True)  # fmt: skip
    if given.out:
        with open(given.out, "w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(["mistake", "file", "failed", "passed_before", "as_it_should"])
            table.writerows(rows)
    sys.exit(any(row[-1] == "NO" for row in rows))


def _count(folder: Path, mistake: Mistake) -> tuple[int, int]:
    """Return how many tests fail with a mistake (at most 1: the first ends it) and how many pass.

    Raises:
        ValueError: If the right text does not stand exactly once in its file.
    """
    if not mistake.file:
        return _run(folder, mistake.tests)
    file = folder / mistake.file
    right = file.read_text(encoding="utf-8")
    if right.count(mistake.right) != 1:
        raise ValueError(
            f"{mistake.name}: {mistake.right!r} stands {right.count(mistake.right)} times in "
            f"{mistake.file}, not once; bring the mistake up to date"
        )
    try:
        file.write_text(right.replace(mistake.right, mistake.wrong), encoding="utf-8")
        return _run(folder, mistake.tests)
    finally:
        file.write_text(right, encoding="utf-8")


def _run(folder: Path, tests: tuple[str, ...]) -> tuple[int, int]:
    """Run tests of the copy up to the first that fails, in a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with os.fdopen(reading) as stream:
            said = stream.read().split()
        os.waitpid(child, 0)
        return (int(said[0]), int(said[1])) if said else (1, 0)  # it died of the mistake
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path or ".") != ROOT)]
    sys.dont_write_bytecode = True  # a changed file of equal size must not be read from a cache
    os.environ["OMP_NUM_THREADS"] = "1"
    import pytest

    class Counts:
        failed = passed = 0

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.failed += report.failed
            self.passed += report.when == "call" and report.passed

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            self.failed += report.failed

    counts = Counts()
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    pytest.main([*options, *tests], plugins=[counts])
    os.write(writing, f"{counts.failed} {counts.passed}".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
