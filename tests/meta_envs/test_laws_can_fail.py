"""Every law catches a family that breaks it, and only that law does."""

from __future__ import annotations

import re

import pytest

from meta_envs import card, check_task_distribution, list_distributions, register
from meta_envs.laws.case import LawBroken
from meta_envs.laws.check import LAWS, check_law, law_name
from meta_envs.laws.laws import _MANY, _played_alone
from tests.meta_envs import drifting, families
from tests.meta_envs.broken import BROKEN
from tests.meta_envs.mistake_table import MISTAKES

_BY_NAME = {law_name(law): law for law in LAWS}
_PLAYED = ("determinism", "replay", "rows", "sampling", "pinning", "trials", "actions")

for _family in BROKEN:
    register(
        f"broken/{_family.__name__}-v0",
        f"{_family.__module__}:{_family.__name__}",
        episodes_per_trial=2,
        summary="Breaks a law",
        source="tests",
    )


@pytest.mark.parametrize("family", BROKEN, ids=lambda family: family.__name__)
def test_a_broken_family_is_caught_by_its_law(family: type) -> None:
    law, entailed, words = BROKEN[family]
    id = f"broken/{family.__name__}-v0"
    complaints = {}
    for name in _BY_NAME:
        try:
            check_law(_BY_NAME[name], id)
        except LawBroken as broken:
            complaints[name] = str(broken)
    assert set(complaints) == {law, *entailed}, complaints
    said = complaints[law]
    assert said.startswith(f"{id} breaks the {law} law")
    assert words in said
    if law in _PLAYED:
        assert re.search(r", seed \d+, task \{'\w+': ", said), said


def test_every_law_can_fail() -> None:
    assert {law for law, *_ in (*BROKEN.values(), *MISTAKES.values())} == set(_BY_NAME)


@pytest.mark.parametrize("id", (*families.IDS, *drifting.IDS))
def test_sound_families_keep_every_law(id: str) -> None:
    check_task_distribution(id)


def test_the_check_names_the_first_law_broken_and_prints_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(LawBroken, match="breaks the leak law"):
        check_task_distribution("broken/ShowsTarget-v0", verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == list(_BY_NAME).index("leak") + 1
    assert lines[-1].split() == ["leak", "BROKEN"]


def test_the_check_takes_arguments_a_module_and_no_unknown_id() -> None:
    check_task_distribution(f"tests.meta_envs.families:{families.PUSH}", steps=2)
    with pytest.raises(Exception, match="did you mean 'tests/Push-v0'"):
        check_task_distribution("tests/Posh-v0")
    with pytest.raises(LawBroken, match=r"made with {'stops': 2}.*it takes \['steps'"):
        check_task_distribution(families.PUSH, stops=2)
    assert card(families.PUSH).episodes_per_trial == 2
    assert families.PUSH in list_distributions()


def test_of_many_rows_each_place_in_a_block_and_the_last_are_played_alone() -> None:
    many = _played_alone(_MANY)
    assert len(many) < 50 and {0, _MANY - 3, _MANY - 2, _MANY - 1} <= set(many)
    assert {row % 32 for row in many} == set(range(32)) and _played_alone(3) == [0, 1, 2]
