"""The last twenty of the batched environments against metaworld's own."""

import pytest

pytest.importorskip("metaworld")
from tests.meta_envs.manipulation.recording import Recording, check_rows, compared, reached

# Steps of a scripted episode, enough to succeed in one of two.
STEPS = {
    "reach-wall-v3": 120,
    "push-wall-v3": 200,
    "pick-place-wall-v3": 200,
    "door-lock-v3": 120,
    "door-unlock-v3": 120,
    "coffee-push-v3": 200,
    "coffee-pull-v3": 200,
    "dial-turn-v3": 120,
    "peg-unplug-side-v3": 150,
    "push-back-v3": 260,
    "soccer-v3": 200,
    "hand-insert-v3": 150,
    "pick-out-of-hole-v3": 200,
    "bin-picking-v3": 250,
    "box-close-v3": 250,
    "assembly-v3": 250,
    "disassemble-v3": 200,
    "hammer-v3": 200,
    "stick-push-v3": 200,
    "stick-pull-v3": 200,
}
# What scripted policies do, and all places of objects, by chance; float64 actions, too.
CASES = [(name, kind) for name in STEPS for kind in ("scripted", "scattered", "noisy")]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_equal_to_metaworld(name: str, kind: str) -> None:
    recording = Recording(name, kind, STEPS[name] if kind == "scripted" else 60)
    found = compared(recording)
    check_rows(recording, found)
    if kind == "scripted":
        reached({"success": lambda found: found[1]["success"] == 1}, found)
