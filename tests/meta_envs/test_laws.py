"""Every law of the task API, for every registered id."""

from __future__ import annotations

import pytest

import meta_envs
from meta_envs.core.check import LAWS, Law, check_law, law_name

_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]


@pytest.mark.parametrize("law", LAWS, ids=law_name)
@pytest.mark.parametrize("id", _IDS)
def test_law(id: str, law: Law) -> None:
    check_law(law, id)
