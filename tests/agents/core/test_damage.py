"""Damaged files: a ValueError that names the file, or what was read works. Nothing else."""

import json
import random

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import RL2
from agents.cli import find
from agents.core.saving.checkpoint import CheckpointError
from tests.damage import ID, Subjects, members_of, sealed

# a check that counts: the same examples everywhere, and none too slow on a busy machine
FEW = settings(max_examples=40, derandomize=True, deadline=None, database=None)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    return Subjects(tmp_path_factory.mktemp("damage"))


@pytest.mark.parametrize(
    "kind",
    [
        "checkpoint-bytes", "checkpoint-json", "checkpoint-optimizer", "checkpoint-tensors",
        "config", "curve", "progress",
    ],
)  # fmt: skip
def test_damage_is_said_or_does_no_harm(subjects, kind):
    seen = set()

    @FEW
    @given(st.integers(0, 2**32))
    def damaged(seed):
        came = subjects.kinds()[kind](random.Random(seed))
        assert came in ("clear", "accepted"), came
        seen.add(came)

    damaged()
    assert "clear" in seen


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("progress", None, "progress is NoneType|progress is None"),
        ("progress.num_timesteps", -1, "progress.num_timesteps=-1 is not a count"),
        ("settings.gamma", "x", "settings.gamma is 'x', which RL2 does not take"),
        ("settings.n_epochs", True, "settings.n_epochs is True"),
        ("settings.n_epochs", 2**31, "settings.n_epochs is 2147483648"),
        ("settings.policy_kwargs", {"hidden_size": 4000}, "make networks of more than"),
        ("env.kwargs", {"num_envs": 3}, "env.kwargs has .'num_envs'., which a file may not"),
        ("env.kwargs", {"registered_id": ID}, "env.kwargs has .'registered_id'."),
        ("observation_space", {"array": {"dtype": "int8", "shape": [10**9, 9], "fill": 0}}, "spac"),
        ("progress.extra", {"reward_normaliser": {"count": -1}}, "does not hold running moments"),
    ],
)
def test_the_place_is_named(subjects, tmp_path, place, value, said):
    members = members_of(subjects.checkpoint)
    document = json.loads(members["data.json"])
    *way, last = ["data", *place.split(".")]
    parent = document
    for key in way:
        parent = parent[key]
    parent[last] = value
    path = tmp_path / "mine.zip"
    path.write_bytes(sealed({**members, "data.json": json.dumps(document).encode()}))
    with pytest.raises(CheckpointError, match=f"mine.zip.*({said})"):
        RL2.load(path)


@pytest.mark.parametrize("key", ["0.step", "0.exp_avg_sq"])
def test_an_optimisers_counts_and_squares_are_not_negative(subjects, tmp_path, key):
    name = "policy.optimizer.safetensors"
    members = members_of(subjects.checkpoint)
    named = safetensors.torch.load(members[name])
    named[key] = -torch.ones_like(named[key])
    path = tmp_path / "mine.zip"
    path.write_bytes(sealed({**members, name: safetensors.torch.save(named)}))
    with pytest.raises(CheckpointError, match="mine.zip.*is negative"):
        RL2.load(path)


@pytest.mark.parametrize("part", ["algorithm", "env"])
def test_the_command_names_what_is_missing(subjects, tmp_path, part):
    members = members_of(subjects.checkpoint)
    document = json.loads(members["data.json"])
    del document["data"][part]
    path = tmp_path / "mine.zip"
    path.write_bytes(sealed({**members, "data.json": json.dumps(document).encode()}))
    with pytest.raises(CheckpointError, match=f"mine.zip is damaged: {part} is missing"):
        find.checkpoint(path)
