"""The check names every typical mistake with its cure, in the words of who made it."""

from __future__ import annotations

import pytest

from meta_envs import check_task_distribution, register
from meta_envs.laws import border as laws_border
from meta_envs.laws import returns as laws_returns
from meta_envs.laws.case import LawBroken
from meta_envs.laws.check import LAWS, Law, check_law, law_name
from tests.meta_envs import mistakes
from tests.meta_envs.mistake_table import ADVICE, MISTAKES

for _family in (mistakes.Guess, mistakes.Door, *MISTAKES, *ADVICE):
    register(
        f"mistakes/{_family.__name__}-v0",
        f"{_family.__module__}:{_family.__name__}",
        episodes_per_trial=2,
        summary="Has a mistake",
        source="tests",
    )


@pytest.mark.parametrize("family", MISTAKES, ids=lambda family: family.__name__)
def test_a_mistake_is_named_with_its_cure(family: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws_returns, "_MOST", 500)
    law, seen, cure = MISTAKES[family]
    id = f"mistakes/{family.__name__}-v0"
    with pytest.raises(LawBroken) as raised:
        check_task_distribution(id)
    said = str(raised.value)
    assert said.startswith(f"{id} breaks the {law} law")
    assert seen in said and cure in said, said


@pytest.mark.parametrize("law", LAWS[:6], ids=law_name)
@pytest.mark.parametrize("family", [mistakes.Guess, mistakes.Door])
def test_without_a_mistake_they_pass(family: type, law: Law) -> None:
    assert check_law(law, f"mistakes/{family.__name__}-v0") == ()


@pytest.mark.parametrize("family", ADVICE, ids=lambda family: family.__name__)
def test_recommendations_and_warnings_are_advice(family: type) -> None:
    (advice,) = check_law(laws_border.law_gymnasium, f"mistakes/{family.__name__}-v0")
    assert advice.startswith(ADVICE[family])
