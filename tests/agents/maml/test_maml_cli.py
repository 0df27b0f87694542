"""`metazoo train` with agents that learn by gradient."""

import json

import pytest

from agents import ALGORITHMS
from agents.cli.main import main

_PLAYING = ["--n-envs", "8", "--rows-per-task", "2", "--policy-kwargs", "net_arch=[8]"]
_PAIRS = ["--n-batches", "2", "--n-tasks", "3"]


@pytest.mark.parametrize(
    ("name", "identity", "flags", "steps"),
    [
        ("maml", "meta/PointNavigation-v0", _PLAYING, 1_600),
        ("promp", "meta/PointNavigation-v0", [*_PLAYING, "--inner-lr", "0.2"], 1_600),
        ("supervisedmaml", "meta/Sinusoid-v0", _PAIRS, 120),
    ],
)
def test_a_run_trains_resumes_and_ends_with_a_curve(name, identity, flags, steps, tmp_path, capsys):
    words = ["--root", str(tmp_path), "--seed", "0", "--threads", "1", "--eval-tasks", "3"]
    begin = ["train", name, identity, *flags, *words, "--total-timesteps", str(steps)]
    assert main(begin) == 0
    (run,) = tmp_path.glob(f"{name}-*")
    assert (run / "curve.csv").is_file() and "AdaptationCurve" in capsys.readouterr().out
    rows = json.loads((run / "config.json").read_text())["config"]["settings"].get("rows_per_task")
    assert f'"rows_per_task": {rows or 1}' in (run / "curve.csv").read_text().replace('""', '"')
    more = str(2 * steps)
    assert main(["train", "--resume", str(run), "--total-timesteps", more]) == 0
    assert len((run / "progress.csv").read_text().splitlines()) > 2


@pytest.mark.parametrize("name", [key for key, place in ALGORITHMS.items() if ".maml:" in place])
def test_the_help_shows_every_argument(name, capsys):
    assert main(["train", name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--inner-lr " in shown and "--inner-steps " in shown and "--learn-inner-lr" in shown
