"""The batched reach, push, pick-place, doors, drawers and button against metaworld's own."""

import numpy as np
import pytest

pytest.importorskip("metaworld")
from tests.meta_envs.manipulation.recording import (
    KINDS,
    Evaluated,
    Recording,
    check_rows,
    compared,
    reached,
)

N_STEPS = {"random": 200, "scripted": 250, "noisy": 100, "scattered": 150}


def _solved(found: Evaluated) -> np.ndarray:
    return found[1]["success"] == 1


def _full(found: Evaluated) -> np.ndarray:
    return found[0] == 10


def _rewarded_above(lowest: float):
    return lambda found: (found[0] > lowest) & (found[0] < 10)


def _info_above(key: str, lowest: float):
    return lambda found: found[1][key] > lowest


# The branches of a reward that a scripted policy takes on its way.
BRANCHES = {
    "reach-v3": {"the full reward": _full},
    # Grasped counts twice at most, then the branch of a held puck adds to it.
    "push-v3": {"held": _rewarded_above(2), "there": _full},
    "pick-place-v3": {"lifted": _rewarded_above(1), "there": _full},
    "door-open-v3": {"there": _full, "opened": _info_above("in_place_reward", 0.8)},
    "door-close-v3": {"there": _full},
    "drawer-open-v3": {"opened": _info_above("in_place_reward", 0.999)},
    "drawer-close-v3": {"there": _full},
    "button-press-topdown-v3": {
        "on the button": _info_above("near_object", 0.5),
        "pressed": _rewarded_above(5),
    },
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BRANCHES)
def test_equal_to_metaworld(name: str, kind: str) -> None:
    recording = Recording(name, kind, N_STEPS[kind])
    found = compared(recording)
    check_rows(recording, found)
    if kind == "scripted":
        reached({"success": _solved, **BRANCHES[name]}, found)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="float64 there before NumPy 2"
)
@pytest.mark.parametrize("name", ["push-v3", "pick-place-v3", "drawer-close-v3"])
def test_single_precision_is_reached(name: str) -> None:
    """Upstream computes in float32 where a float32 action closes the gripper, and so do we."""
    recording = Recording(name, "scripted", 150)
    grasped = np.array([float(info["grasp_reward"]) for info in recording.infos])
    single = [isinstance(info["grasp_reward"], np.float32) for info in recording.infos]
    assert any(single)
    _, infos, _ = compared(recording)
    assert np.array_equal(infos["grasp_reward"][single], grasped[single])
    read, observations, actions, begun = recording.arguments()
    doubles = actions.astype(np.float64)
    _, others = recording.environment.evaluate(read, observations, doubles, begun)
    assert np.abs(others["grasp_reward"] - grasped)[single].max() > 1e-9  # it makes a difference
