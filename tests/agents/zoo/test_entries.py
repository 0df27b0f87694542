"""The entries of this repository: small, whole, and worth what their cards say."""

import re
import runpy
from importlib.metadata import version
from pathlib import Path

import pytest

import meta_envs
from agents import ALGORITHMS
from agents.zoo import Entry, scoring
from agents.zoo.entry import name_of
from agents.zoo.page import page

ZOO = Path(__file__).resolve().parents[3] / "assets" / "zoo"
FOLDERS = sorted(path.parent for path in ZOO.glob("*/card.json"))
MOST, ON_AVERAGE = 20_000_000, 300_000  # bytes
_PHYSICS = ("locomotion", "manipulation", "opponents", "terrain")  # families of bodies


pytestmark = pytest.mark.skipif(not FOLDERS, reason="assets/zoo is left out of wheels")


def _size(folder):
    return sum(file.stat().st_size for file in folder.iterdir())


def test_together_they_are_small():
    sizes = [_size(folder) for folder in FOLDERS]
    assert sum(sizes) <= min(MOST, ON_AVERAGE * len(sizes))


def test_nothing_else_is_there():
    strange = [path.name for path in ZOO.iterdir() if path not in FOLDERS]
    assert strange in ([], ["README.md"])


def test_every_agent_and_every_family_is_in():
    """By an entry that `benchmarks/zoo.py` trains, or a command for what has no weights."""
    pairs = runpy.run_path(str(ZOO.parents[1] / "benchmarks" / "zoo_pairs.py"))["PAIRS"]
    text = (ZOO / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| `(\S+)` \|", text, re.MULTILINE)
    known = {(pair.agent, pair.id) for pair in pairs} | set(told)
    assert len(pairs) >= 60 and {agent for agent, _ in known} == set(ALGORITHMS)
    families = {_family(id) for _, id in known if id.startswith("meta/")}
    own = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]
    assert families == {_family(id) for id in own}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_files_fit_together_and_it_scores_again_what_its_card_says(folder):
    entry = Entry.read(folder)
    card = entry.card
    assert card.agent in ALGORITHMS and folder.name == name_of(card.agent, card.id)
    film = entry.film and entry.film.name
    assert (folder / "README.md").read_text(encoding="utf-8") == page(card, film)
    if _moves_bodies(card.id) and card.versions.get("mujoco") != version("mujoco"):
        pytest.skip("another MuJoCo moves bodies otherwise")
    agent, few = entry.load(), _few(card.score.protocol)
    if scoring.distance(entry, few, agent=agent) >= 3:  # of some seventy, one may be by chance
        assert scoring.distance(entry, 10 * few, scoring.AGAIN + 1, agent) < 3


def _moves_bodies(id):
    return id.startswith("meta/") and _family(id) in _PHYSICS


def _family(id):
    return meta_envs.card(id).family.split(".")[1]


def _few(protocol):
    """Return how many tasks take half a second; `benchmarks/zoo.py --check` plays them all."""
    return 1 if protocol.get("steps") or protocol["rows_per_task"] > 1 else 2
