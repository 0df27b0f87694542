"""Build the wheel, install it into an empty environment, and use it from another folder.

    make wheel        (or: python tests/check_wheel.py, with `build` and `hatchling` installed)

It takes a minute or two, most of it for installing, and so is no part of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agents", "assets", "meta_envs", "registrations")
HEAVY = ("torch", "stable_baselines3", "mujoco", "pygame")  # what `import meta_envs` goes without
ID = "meta/DependentBandit-v0"


def outside() -> None:
    """Build, install, and run `inside` there."""
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, str(ROOT))
        (wheel,) = Path(folder).glob("metazoo-*.whl")
        _check_contents(wheel)
        home = Path(folder) / "empty"
        venv.create(home, with_pip=True)
        python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
        constraints = str(ROOT / "constraints.txt")
        _run(python, "-m", "pip", "install", "-q", "-c", constraints, str(wheel))
        # -I: neither this folder, nor the checkout, nor PYTHONPATH can be imported from
        _run(python, "-I", __file__, "inside", cwd=folder)
        _run(python, "-m", "pip", "install", "-q", "-c", constraints, f"{wheel}[mujoco]")
        _run(python, "-I", __file__, "robots", cwd=folder)
    print(f"{wheel.name} works in an empty environment")


def _run(*command: str | Path, cwd: str | None = None) -> None:
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, stdin=subprocess.DEVNULL)


def _check_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    strange = {top for top in tops if top not in PACKAGES and not top.endswith(".dist-info")}
    assert not strange, f"the wheel holds {strange}"
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout.split()
    assert not [name for name in names if name.startswith("assets/zoo/")]  # left out on purpose
    missing = {name for name in tracked if not name.startswith("assets/zoo/")} - set(names)
    assert not missing, f"the wheel lacks {sorted(missing)}"


def inside() -> None:
    """Use the installed package; runs in the empty environment."""
    from importlib import import_module, resources

    import meta_envs

    loaded = [name for name in HEAVY if name in sys.modules]
    assert not loaded, f"import meta_envs imports {loaded}"
    for name in PACKAGES:
        place = Path(str(import_module(name).__file__))
        assert place.is_relative_to(sys.prefix), f"{name} is imported from {place}"
        assert resources.files(name).joinpath("__init__.py").read_text(encoding="utf-8")
    for name in ("agents", "meta_envs", "registrations"):
        assert resources.files(name).joinpath("py.typed").is_file(), f"{name} is not typed"

    command = Path(sys.executable).with_name("metazoo")
    done = subprocess.run([command, "list"], capture_output=True, text=True, check=True)
    lacking = [name for name in meta_envs.list_distributions() if name not in done.stdout]
    assert not lacking, f"`metazoo list` does not name {lacking}"
    _use()


def _use() -> None:
    """Make every id that needs no extra, train for two iterations, save, load and evaluate."""
    import gymnasium as gym

    import meta_envs
    from agents import RL2, evaluate

    for name in meta_envs.list_distributions():
        extra = _extra(name)
        if extra is None:
            _make(name)
            continue
        try:
            gym.make(name)
        except ImportError as missing:
            assert f'pip install "metazoo[{extra}]"' in str(missing), missing
        else:
            raise AssertionError(f"{name} was made without {extra}")
    agent = RL2("GruPolicy", ID, n_envs=4, n_epochs=1, preset=None, seed=0).learn(800)
    assert agent.iteration == 2
    agent.save("agent.zip")
    curve = evaluate(RL2.load("agent.zip"), ID, num_tasks=4)
    assert curve.returns.shape == (4, 1)


def robots() -> None:
    """Make the ids that need MuJoCo, which is there now; their MJCF is in the wheel."""
    import meta_envs

    for name in meta_envs.list_distributions():
        if _extra(name) == "mujoco":
            _make(name)


def _extra(name: str) -> str | None:
    """Return the extra that an id, or the id that it is based on, needs."""
    import meta_envs

    card = meta_envs.card(name)
    extras = {
        ".terrain.bipedal:": "box2d",
        **dict.fromkeys((".locomotion.", ".terrain.", ".opponents."), "mujoco"),
        **{".manipulation.": "metaworld", ".arcade.": "atari"},
    }
    needed = next((extra for part, extra in extras.items() if part in card.family), None)
    based = card.kwargs.get("base")
    return _extra(based) if needed is None and based is not None else needed


def _make(name: str) -> None:
    import gymnasium as gym

    env = gym.make(name, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert env.render().shape[-1] == 3  # type: ignore[union-attr]
    env.close()


if __name__ == "__main__":
    {"inside": inside, "robots": robots}.get("".join(sys.argv[1:]), outside)()
