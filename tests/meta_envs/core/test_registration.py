import sys
import types

import gymnasium as gym
import pytest

import meta_envs
from meta_envs.core import registration


def test_a_card_says_what_was_registered_without_importing_the_family(monkeypatch):
    monkeypatch.setattr(registration, "_CARDS", dict(registration._CARDS))
    monkeypatch.setattr(gym.envs.registration, "registry", dict(gym.registry))
    meta_envs.register(
        "cards/Nowhere-v0",
        "no.such.module:Family",
        max_episode_steps=7,
        episodes_per_trial=3,
        summary="Nowhere",
        source="a test",
        kwargs={"width": 2},
    )
    card = meta_envs.card("cards/Nowhere-v0")
    assert (card.max_episode_steps, card.episodes_per_trial, card.kwargs) == (7, 3, {"width": 2})
    assert "cards/Nowhere-v0" in meta_envs.list_distributions()
    spec = gym.spec("cards/Nowhere-v0")
    assert spec.max_episode_steps == 7 and spec.kwargs["episodes_per_trial"] == 3
    assert spec.to_json(), "strings and JSON-able arguments only"
    with pytest.raises(AttributeError):
        card.summary = "elsewhere"


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(gym.error.NameNotFound, match="meta/GridNavi-v0"):
        meta_envs.card("meta/GridNav-v0")


@pytest.mark.parametrize("family", ["module", "a:b:c", "module.Class"])
def test_a_family_must_be_module_and_class(family):
    with pytest.raises(ValueError, match="package.module:Class"):
        meta_envs.register(
            "cards/Bad-v0", family, episodes_per_trial=1, summary="", source="a test"
        )


_EXTRAS = [("mujoco", "mujoco"), ("ale_py", "atari"), ("Box2D", "box2d")]


@pytest.mark.parametrize(("package", "extra"), _EXTRAS)
def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch, package, extra):
    class Missing(types.ModuleType):
        def __getattr__(self, name):
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    monkeypatch.setitem(sys.modules, "needs_extra", Missing("needs_extra"))
    with pytest.raises(ImportError, match=rf'pip install "metazoo\[{extra}\]"'):
        registration.load_family("needs_extra:Family")


def test_what_is_no_family_is_refused():
    with pytest.raises(TypeError, match="MetaVectorEnv or a MetaEnv"):
        registration.load_family("collections:OrderedDict")


_UNKNOWN = r"\(\) got an unexpected keyword argument 'arm'; .*'arms', 'pulls'.*did you mean 'arms'"


def test_unknown_arguments_are_answered_with_the_known_ones():
    for make in (gym.make, lambda *args, **kwargs: gym.make_vec(*args, num_envs=2, **kwargs)):
        with pytest.raises(TypeError, match=_UNKNOWN):
            make("meta/BernoulliBandit-v0", arm=3)
    with pytest.raises(ValueError, match="rows='async'.*'sync'"):
        gym.make_vec("meta/BernoulliBandit-v0", num_envs=2, rows="async")
