"""What does not fit into memory is refused, with how much would."""

import pytest

from meta_envs.core import memory


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
