"""A file names a module: nothing of it runs unless the user imported or allowed it."""

import hashlib
import json
import sys
import zipfile

import gymnasium as gym
import pytest

from agents import A2C, RL2
from agents.cli import find, trust
from agents.core.saving.allowed import ModuleRefusedError, check_named

SMALL = {"seed": 0, "n_envs": 4, "preset": None, "policy_kwargs": {"hidden_size": 4}}
ID = "meta/BernoulliBandit-v0"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the path with modules that would leave a trace, and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("stranger", "friend"):
        code = f'open("{name}.ran", "w").close()\n'
        (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / "friends").mkdir()
    (tmp_path / "friends" / "__init__.py").write_text("")
    (tmp_path / "friends" / "envs.py").write_text("")
    RL2("GruPolicy", ID, **SMALL).save("good.zip")
    yield tmp_path
    for name in ("stranger", "friend", "friends", "friends.envs"):
        sys.modules.pop(name, None)


def crafted(folder, good="good.zip", *, data=None, settings=None, **env):
    with zipfile.ZipFile(folder / good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members["data.json"])
    document["data"]["env"].update(env)
    document["data"]["settings"].update(settings or {})
    document["data"].update(data or {})
    members["data.json"] = json.dumps(document).encode()
    del members["manifest.json"]
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    with zipfile.ZipFile(folder / "bad.zip", "w") as archive:
        for name, content in {**members, "manifest.json": json.dumps(sums).encode()}.items():
            archive.writestr(name, content)
    return folder / "bad.zip"


NAME = "stranger:X"
# Everything by which a file can name a module, and how the command reads it.
KINDS = {
    "id": {"id": f"stranger:{ID}"},
    "algorithm": {"data": {"algorithm": NAME}},
    **{
        one: {"id": "meta/RandomHopper-v0", "kwargs": {one: NAME}}
        for one in ("body", "goal", "randomization")
    },
    "core": {"settings": {"policy_kwargs": {"core": NAME}}},
    "policy_loss": {"settings": {"policy_loss": NAME}},
    "torso": {"good": "life.zip", "settings": {"policy_kwargs": {"torso": NAME}}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_file_names_is_imported_only_where_it_is_allowed(folder, kind):
    if kind == "torso":
        A2C("MlpPolicy", ID, n_envs=2, seed=0, preset=None).save("life.zip")
    path = crafted(folder, **KINDS[kind])
    with pytest.raises(ModuleRefusedError, match=r"bad.zip.*'stranger'.*allow_modules"):
        find.checkpoint(path)
    assert not (folder / "stranger.ran").exists()
    with trust.allowing(["stranger"]):
        if kind == "id":
            find.checkpoint(path)
        else:  # it has no X
            with pytest.raises(ValueError, match="stranger.* has no (agent )?'X'"):
                find.checkpoint(path)
    assert (folder / "stranger.ran").exists()


def test_what_a_call_of_load_names_itself_needs_no_permission(folder):
    path = crafted(folder, id="meta/RandomHopper-v0")
    with pytest.raises(ValueError, match="stranger.* has no 'X'"):
        RL2.load(path, env_kwargs={"body": NAME})


def test_an_algorithm_in_a_file_is_a_class_of_an_agent(folder):
    path = crafted(folder, data={"algorithm": "os:system"})
    with pytest.raises(ValueError, match="os has no agent 'system'"):
        find.checkpoint(path)


def test_a_checkpoint_imports_nothing_by_its_id(folder):
    path = crafted(folder, id=f"stranger:{ID}")
    with pytest.raises(ModuleRefusedError, match=r"bad.zip: env.id .*'stranger'.*allow_modules"):
        RL2.load(path)
    assert not (folder / "stranger.ran").exists()
    assert RL2.load(path, allow_modules=["stranger"]).env_id == f"stranger:{ID}"
    assert (folder / "stranger.ran").exists()


def test_what_the_user_has_imported_needs_no_permission(folder):
    import friend  # noqa: F401

    assert RL2.load(crafted(folder, id=f"friend:{ID}")).env_id == f"friend:{ID}"


def test_another_environment_than_the_files_needs_no_permission(folder):
    path = crafted(folder, id=f"stranger:{ID}")
    assert RL2.load(path, env=ID).env_id == ID
    assert not (folder / "stranger.ran").exists()


@pytest.mark.parametrize("key", ["family"])
def test_a_checkpoint_imports_nothing_by_its_arguments(folder, key):
    with pytest.raises((TypeError, ValueError), match=key):
        RL2.load(crafted(folder, kwargs={key: "stranger:X"}))
    assert not (folder / "stranger.ran").exists()


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_gymnasium_takes_no_family(folder, make):
    for family in ("stranger:X", "meta_envs.bandits.gaussian:GaussianBandit"):
        with pytest.raises(TypeError, match="family"):
            make(ID, family=family)
    assert not (folder / "stranger.ran").exists()
    assert "family" not in gym.spec(ID).kwargs


def test_allowing_a_package_allows_what_is_inside_and_nothing_beside(folder):
    check_named("friends.envs:mine/X-v0", "file", allow_modules="friends")
    for allowed in ((), ["friend"], ["friends.env"], ["other"]):
        with pytest.raises(ModuleRefusedError):
            check_named("friends.envs:mine/X-v0", "file", allow_modules=allowed)
    with pytest.raises(ValueError, match="not a module's name"):
        check_named("../evil:X", "file", allow_modules="../evil")
    check_named("mine/X-v0", "file")
    check_named("json:X", "file")
