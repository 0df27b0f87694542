"""The second half of the batched environments, and fifteen more, against metaworld's own."""

import pytest

pytest.importorskip("metaworld")
from tests.meta_envs.manipulation.recording import (
    HOVERING,
    KINDS,
    Recording,
    check_rows,
    compared,
    reached,
)

N_STEPS = 250
NAMES = (
    "peg-insert-side-v3",
    "window-open-v3",
    "sweep-v3",
    "sweep-into-v3",
    "basketball-v3",
    "shelf-place-v3",
    "lever-pull-v3",
    "window-close-v3",
    "button-press-v3",
    "button-press-wall-v3",
    "button-press-topdown-wall-v3",
    "coffee-button-v3",
    "handle-press-v3",
    "handle-press-side-v3",
    "handle-pull-v3",
    "handle-pull-side-v3",
    "plate-slide-v3",
    "plate-slide-side-v3",
    "plate-slide-back-v3",
    "plate-slide-back-side-v3",
    "faucet-open-v3",
    "faucet-close-v3",
)
CASES = [(name, kind) for name in NAMES for kind in KINDS]
CASES.append(("shelf-place-v3", HOVERING))  # the block held in front of the shelf


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_equal_to_metaworld(name: str, kind: str) -> None:
    recording = Recording(name, kind, N_STEPS)
    found = compared(recording)
    check_rows(recording, found)
    if kind == "scripted":
        reached({"success": lambda found: found[1]["success"] == 1}, found)
