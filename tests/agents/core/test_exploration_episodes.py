"""Episodes that are for exploring are played and shown, but do not count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents import AdaptationCurve, evaluate

_STAY = 4


def stay(observation: Any) -> int:
    return _STAY


def test_exploring_is_reported_apart(tmp_path):
    curve = evaluate(stay, "meta/BusGrid-v0", num_tasks=5, episodes=3)
    assert curve.protocol["exploration_episodes"] == 1
    assert curve.mean().round(6).tolist() == [0.0, -2.0, -2.0]
    assert curve.execution() == pytest.approx((-2.0, 0.0))
    assert curve.execution("success") == (0.0, 0.0)
    lines = repr(curve).splitlines()
    assert [line.endswith("(exploring)") for line in lines if "episode   " in line] == [
        *(True, False, False),
        *(True, False, False),
    ]
    assert sum("execution             -2 " in line for line in lines) == 1
    curve.to_csv(tmp_path / "curve.csv")
    again = AdaptationCurve.from_csv(tmp_path / "curve.csv")
    assert again.execution() == curve.execution() and repr(again) == repr(curve)


def test_any_environment_can_be_explored_first():
    kwargs: dict[str, Any] = {"num_tasks": 8, "episodes": 3, "seed": 2}
    whole = evaluate(stay, "meta/GridNavi-v0", **kwargs)
    apart = evaluate(stay, "meta/GridNavi-v0", exploration_episodes=2, **kwargs)
    assert np.array_equal(whole.returns, apart.returns)
    assert "exploration_episodes" not in whole.protocol
    assert whole.execution()[0] == pytest.approx(whole.returns.mean())
    assert apart.execution()[0] == pytest.approx(whole.returns[:, 2].mean())
