"""Entries of pretrained agents: written, found, shared, played; damage and wrong names are said."""

import json
import shutil
import sys
import types
from dataclasses import replace

import numpy as np
import pytest

import agents
from agents import evaluate
from agents.cli.main import main
from agents.core.saving.checkpoint import CheckpointError
from agents.zoo import Entry, card, hub, scoring, shelf
from agents.zoo.entry import name_of
from agents.zoo.making import curve_of, write_entry

ID = "meta/BernoulliBandit-v0"
KWARGS = {"arms": 2, "pulls": 5}


@pytest.fixture(scope="module")
def trained():
    small = {"n_envs": 4, "n_epochs": 1, "preset": None, "policy_kwargs": {"hidden_size": 24}}
    return agents.RL2("GruPolicy", ID, env_kwargs=KWARGS, seed=3, **small).learn(1)


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    more = {"command": "train it", "seconds": 1.5, "arguments": {"n_envs": 4}}
    return write_entry(
        trained, "rl2", folder / name_of("rl2", ID), protocol={"num_tasks": 60}, **more
    )


@pytest.fixture
def zoo(made, monkeypatch):
    """Let the entry made above be found first."""
    monkeypatch.setenv(shelf.VARIABLE, str(made.folder.parent))
    return made


@pytest.fixture
def copy(made, tmp_path, monkeypatch):
    """An entry that a test may damage."""
    shutil.copytree(made.folder, tmp_path / made.name)
    monkeypatch.setenv(shelf.VARIABLE, str(tmp_path))
    return tmp_path / made.name


def test_what_was_written_is_found_and_acts_as_the_agent_did(zoo, trained):
    agent = agents.load_pretrained("RL2", ID)
    assert agent.weights_only and agent.env_kwargs == KWARGS
    curves = [
        evaluate(one, ID, env_kwargs=KWARGS, num_tasks=20, seed=5) for one in (agent, trained)
    ]
    np.testing.assert_allclose(curves[0].mean(), curves[1].mean(), atol=0.2)
    with pytest.raises(ValueError, match="cannot go on learning"):
        agent.learn(1)


def test_the_card_tells_where_it_comes_from_and_what_it_earns(made, trained):
    again = card.read(made.folder)
    assert again == made.card
    assert (again.agent, again.id, again.seed, again.steps) == ("rl2", ID, 3, trained.num_timesteps)
    assert again.env_kwargs == KWARGS and again.command == "train it"
    score = again.score
    assert score.low <= score.mean <= score.high and score.standard_error > 0
    assert score.protocol["seed"] == scoring.SEED and score.protocol["split"] == "test"
    measured = evaluate(made.load(), ID, env_kwargs=KWARGS, **score.protocol)
    assert measured.total(score.of)[0] == pytest.approx(score.mean)
    assert again.chance.mean == pytest.approx(2.5, abs=0.5)  # half of five pulls
    assert sorted(file.name for file in made.folder.iterdir()) == [
        "README.md", "agent.zip", "card.json"
    ]  # fmt: skip


def test_the_page_has_front_matter_and_the_line_that_measures_it_again(made):
    text = (made.folder / "README.md").read_text()
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    assert "library_name: metazoo" in head and f'name: "{ID}"' in head and "mean_reward" in head
    assert f'agents.load_pretrained("rl2", "{ID}")' in body and made.card.sha256 in body
    code = body.split("```python\n")[1].split("```")[0]
    assert "seed=1000" in code and "env_kwargs={'arms': 2, 'pulls': 5}" in code


def test_where_the_card_knows_no_spread_that_of_the_new_tasks_counts(zoo, monkeypatch):
    told = replace(zoo.card, score=replace(zoo.card.score, mean=4.0, standard_error=0.0))
    entry = Entry(zoo.folder, told)
    for mean, error, wanted in ((3.996, 0.004, 1.0), (4.0, 0.0, 0.0), (3.0, 0.0, 250_000.0)):
        found = replace(told.score, mean=mean, standard_error=error)
        monkeypatch.setattr(scoring, "measure", lambda *_, found=found, **__: found)
        assert scoring.distance(entry, 10, agent=object()) == pytest.approx(wanted)


def test_it_scores_again_what_the_card_says_and_another_agent_does_not(zoo):
    assert scoring.distance(zoo, 40) < 3
    other = agents.baselines.BanditOracle()
    assert scoring.distance(zoo, 40, agent=other) > 3


def test_unknown_pairs_say_what_is_near(zoo):
    with pytest.raises(shelf.NotInZooError, match=f"no pretrained rl2 on meta/X-v0; rl2 is .*{ID}"):
        agents.load_pretrained("rl2", "meta/X-v0")
    with pytest.raises(shelf.NotInZooError, match=f"on {ID} there are .*rl2"):
        agents.load_pretrained("poet", ID)
    with pytest.raises(shelf.NotInZooError, match="there are those with .*'arms': 2"):
        agents.load_pretrained("rl2", ID, env_kwargs={"arms": 9})
    assert shelf.find("rl2", ID, KWARGS).folder == zoo.folder


def test_without_any_entry_it_says_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "folders", list)
    with pytest.raises(shelf.NotInZooError, match="clone of the repository .METAZOO_ZOO=FOLDER"):
        agents.load_pretrained("rl2", ID)
    monkeypatch.setattr("importlib.resources.files", lambda name: tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv(shelf.VARIABLE, raising=False)
    assert main(["zoo"]) == 2


def test_a_damaged_or_exchanged_checkpoint_is_refused(copy):
    content = bytearray((copy / "agent.zip").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "agent.zip").write_bytes(content)
    with pytest.raises(CheckpointError, match="not the checkpoint of its card"):
        agents.load_pretrained("rl2", ID)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": 3}, "sha256 is '3'"),
        ({"score": {}}, "mean is missing|of is missing|high is missing"),
        ({"more": 1}, "more is unknown"),
        ({"format": 2}, "reads formats up to 1"),
        ({"seconds": "x"}, "seconds is 'x'"),
        ("[]", "no card"),
        ("{", "no card"),
        ("[" * 100_000, "no card"),
    ],
)
def test_a_damaged_card_is_said_and_left_out(copy, change, said):
    path = copy / "card.json"
    if isinstance(change, dict):
        change = json.dumps({**json.loads(path.read_text()), **change})
    path.write_text(change)
    with pytest.raises(ValueError, match=said):
        Entry.read(copy)
    with pytest.warns(UserWarning, match="left out: .*card.json"):
        assert copy.name not in shelf.entries() or shelf.entries()[copy.name].folder != copy


def test_pushed_and_pulled_it_has_the_same_bytes(made, tmp_path):
    hub.push(made, str(tmp_path / "shared"))
    shared = {file.name for file in (tmp_path / "shared").iterdir()}
    assert made.film is None and shared == set(hub.FILES) - {hub.FILM}
    again = hub.pull(str(tmp_path / "shared"), tmp_path / "mine")
    assert again.folder == tmp_path / "mine" / made.name
    assert again.checkpoint().read_bytes() == made.checkpoint().read_bytes()
    assert again.card == made.card
    assert [file.name for file in (tmp_path / "mine").iterdir()] == [made.name]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "card.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\0" * 64, b'{"metazoo": "1", "data": {}, "groups": [1]}']
)
def test_damage_on_the_way_is_said_and_nothing_is_kept(made, tmp_path, name, content):
    hub.push(made, str(tmp_path / "shared"))
    (tmp_path / "shared" / name).write_bytes(content)
    with pytest.raises(ValueError, match="damaged|not the checkpoint"):
        hub.pull(str(tmp_path / "shared"), tmp_path / "mine")
    assert not list((tmp_path / "mine").glob("*"))


def test_an_exchanged_model_is_refused(made, tmp_path):
    hub.push(made, str(tmp_path / "shared"))
    path = tmp_path / "shared" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not the checkpoint of its card"):
        hub.pull(str(tmp_path / "shared"), tmp_path / "mine")


def test_the_hub_is_asked_as_its_library_wants_it(made, tmp_path, monkeypatch):
    """A folder stands in for the hub; the calls have the library's own argument names."""
    store = tmp_path / "hub"

    class HfApi:
        def create_repo(self, repo_id, private=None, exist_ok=False):
            (store / repo_id).mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, repo_id, folder_path, commit_message):
            shutil.copytree(folder_path, store / repo_id, dirs_exist_ok=True)

    def snapshot_download(repo_id, local_dir, allow_patterns):
        assert set(allow_patterns) == set(hub.FILES)
        shutil.copytree(store / repo_id, local_dir, dirs_exist_ok=True)

    library = types.SimpleNamespace(HfApi=HfApi, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    hub.push(made, "hf://me/mine")
    assert hub.pull("hf://me/mine", tmp_path / "mine").card == made.card
    with pytest.raises(ValueError, match="write hf://USER/NAME"):
        hub.push(made, "hf://mine")


def test_the_hub_without_its_library_says_what_to_install(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"metazoo\[hub\]"):
        hub.push(made, "hf://me/mine")


def test_curves_are_thinned_out(tmp_path):
    path = tmp_path / "progress.csv"
    lines = [f"{i * 10},{i / 7:.6f}" for i in range(500)]
    path.write_text("\n".join(["time/total_timesteps,rollout/ep_rew_mean", *lines]))
    curve = curve_of(path)
    assert curve["of"] == "rollout/ep_rew_mean" and len(curve["values"]) == 60
    assert curve["timesteps"][0] == 0 and curve["timesteps"][-1] == 4990
    assert curve_of(None) == {}


def test_the_command_lists_evaluates_plays_and_films(zoo, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # workers of pytest-xdist may inherit narrow ones
    assert main(["zoo", "bernoulli"]) == 0
    assert f"{zoo.card.score.mean:.4g}" in capsys.readouterr().out
    assert main(["zoo", "bernoulli", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[zoo.name]["sha256"] == zoo.card.sha256
    assert main(["evaluate", "rl2", ID, "--pretrained", "--num-tasks", "5"]) == 0
    assert "5 tasks" in capsys.readouterr().out
    assert main(["play", "rl2", ID, "--pretrained", "--render-mode", "none"]) == 0
    out = str(tmp_path / "film.gif")
    assert main(["video", ID, "rl2", "--pretrained", "--out", out]) == 0
    assert (tmp_path / "film.gif").stat().st_size > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evaluate", "rl2", "--pretrained"], "needs the name of an algorithm and an id"),
        (["play", ID, "--pretrained"], "needs the name of an algorithm and an id"),
        (["play", "rl3", ID, "--pretrained"], "no algorithm 'rl3'; did you mean 'rl2'"),
        (["play", "ucb1", ID, "--agent", "random"], "two agents are named"),
        (["zoo", "xyz"], "nothing matches 'xyz'; `metazoo zoo` lists all"),
        (["list", "qqqqq"], "nothing matches 'qqqqq'; `metazoo list` shows all"),
        (["push", "rl3-x", "there"], "neither an entry nor a run's folder"),
        (["pull", "nowhere"], "nowhere"),
    ],
)
def test_what_the_command_refuses(zoo, words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_the_command_pushes_and_pulls_entries_and_runs(zoo, tmp_path, monkeypatch, capsys):
    assert main(["push", zoo.name, str(tmp_path / "a")]) == 0
    assert main(["pull", str(tmp_path / "a"), "--into", str(tmp_path / "b")]) == 0
    assert "--pretrained" in capsys.readouterr().out
    words = ["train", "rl2", ID, "--preset", "none", "--n-envs", "4", "--n-epochs", "1"]
    words += ["--policy-kwargs", "hidden_size=8", "--total-timesteps", "40", "--eval-tasks", "0"]
    assert main([*words, "--root", str(tmp_path), "--seed", "0"]) == 0
    assert main(["push", str(tmp_path / "last"), str(tmp_path / "c"), "--num-tasks", "9"]) == 0
    assert card.read(tmp_path / "c").score.protocol["num_tasks"] == 9
