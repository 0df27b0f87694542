"""What does not fit into memory is refused, with how much would."""

import gymnasium as gym
import pytest

import meta_envs
from meta_envs.core import memory
from tests.meta_envs.families import PUSH


def test_what_does_not_fit_is_refused_with_what_would(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 4 * 2**30)
    memory.refuse_beyond_memory(4, 2**30, "4 rows")
    said = r"^5 rows need about 5\.0 GiB; this machine has 4\.0 GiB; keep at most 4$"
    with pytest.raises(MemoryError, match=said):
        memory.refuse_beyond_memory(5, 2**30, "5 rows")


def test_where_memory_is_not_known_nothing_is_refused(monkeypatch):
    def unknown(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(memory.os, "sysconf", unknown)
    assert memory.machine_memory() is None
    memory.refuse_beyond_memory(10**12, 2**30, "rows")


def test_without_glibc_freed_memory_stays_where_it_is(monkeypatch):
    memory.give_back_freed_memory()

    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    memory.give_back_freed_memory()


@pytest.mark.parametrize(
    ("id", "kwargs", "said"),
    [
        ("meta/GridNavi-v0", {"size": 10**9}, r"size=1000000000 needs about .* at most \d+"),
        ("meta/RandomMaze-v0", {"size": 10**9 + 1}, "size=1000000001 needs about"),
        ("meta/TabularMDP-v0", {"states": 10**7}, "states=10000000 needs about"),
        ("meta/TabularMDP-v0", {"actions": 10**11}, "actions=100000000000 needs about"),
        ("meta/TwoStep-v0", {"rounds": 10**13}, "rounds=10000000000000 needs about"),
        ("meta/Sinusoid-v0", {"shots": 10**12}, "shots=1000000000000 needs about"),
        ("meta/Sinusoid-v0", {"queries": 10**12}, "queries=1000000000000 needs about"),
        *(
            (f"meta/{name}Bandit-v0", {"arms": 10**12}, "arms=1000000000000 needs about")
            for name in ("Bernoulli", "Gaussian", "Restless")
        ),
    ],
)
def test_sizes_that_cannot_fit_are_refused_before_anything_is_made(id, kwargs, said):
    for make in (gym.make, gym.make_vec):
        with pytest.raises(MemoryError, match=said):
            make(id, **kwargs)


def test_the_largest_size_that_is_named_fits(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000)
    memory.refuse_size("size", 10, lambda size: 10 * size**2)
    with pytest.raises(MemoryError, match=r"size=11 needs about .* keep size at most 10"):
        memory.refuse_size("size", 11, lambda size: 10 * size**2)
    monkeypatch.setattr(memory, "machine_memory", lambda: None)  # not known: nothing is refused
    memory.refuse_size("size", 10**9, lambda size: 10 * size**2)


_BATCHED = [id for id in meta_envs.list_distributions() if "meta/ML" not in id]


@pytest.mark.parametrize("id", _BATCHED)
def test_more_rows_than_fit_are_refused_whatever_the_family(id):
    with pytest.raises(MemoryError, match="num_envs=1000000000 rows of .* keep at most"):
        gym.make_vec(id, num_envs=10**9)


def test_more_tasks_than_fit_are_refused():
    venv = gym.make_vec(PUSH, num_envs=1)
    with pytest.raises(MemoryError, match="n=1000000000000 tasks need about"):
        venv.sample_tasks(10**12)
