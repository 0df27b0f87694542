"""What every test runs under: one thread a process, no display, and no id without its extra."""

import importlib.util
import os
from functools import cache

import pytest

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # threads of parallel test processes only get in the way
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("MUJOCO_GL", "disable")  # outlines, the same on every machine and quick


@pytest.fixture(autouse=True, scope="session")
def logs_go_where_pytest_cleans_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep Stable-Baselines3 from leaving an empty folder for every learner that learns."""
    os.environ["SB3_LOGDIR"] = str(tmp_path_factory.mktemp("logs"))
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))  # modules that were typed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is parametrised over the registry where an id's extra is not installed."""
    for item in items:
        id = getattr(item, "callspec", None) and item.callspec.params.get("id")  # type: ignore
        if isinstance(id, str) and id.startswith("meta/ML") and (reason := _no_metaworld()):
            item.add_marker(pytest.mark.skip(reason=reason))
        if id == "meta/Atari-v0" and importlib.util.find_spec("ale_py") is None:
            item.add_marker(pytest.mark.skip(reason="ale-py is not installed"))
        if id == "meta/BipedalTerrain-v0" and importlib.util.find_spec("Box2D") is None:
            item.add_marker(pytest.mark.skip(reason="Box2D is not installed"))


@cache
def _no_metaworld() -> str:
    try:
        from meta_envs.manipulation import upstream

        upstream.check_mujoco(any_mujoco=False)
    except ImportError as missing:
        return f"{missing}"
    return ""
