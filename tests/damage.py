"""Damage to files that a stranger may send, and what comes of reading them.

Used by the tests (a few hundred cases) and by benchmarks/fuzz_files.py (as many as one likes).
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import random
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from agents import RL2, AdaptationCurve
from agents.cli import find
from agents.core.losses.finite import NotFiniteError
from agents.core.saving.run import Run
from agents.core.saving.writers import TIMESTEPS, AppendingCSV, cut_back

ID = "meta/BernoulliBandit-v0"
# What a value of JSON is replaced by; "deep" and "long" stand for what would fill this line.
VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 0.5, -0.5, 2**31, 2**63, 10**30, 1e308, "", "x", "1", "../x",
    "os:system", [], {}, [1], [[]], {"a": 1}, {"tuple": [1]}, {"tuple": 1}, {"float": "nan"},
    {"float": "inf"}, {"class": "torch.nn.Tanh"}, {"class": "os.system"}, {"custom": "x"},
    {"scalar": ["float32", "x"]}, {"scalar": ["U99999999", "x"]}, {"dict": [1]},
    {"dict": [[[1], 2]]}, {"array": {"dtype": "float64", "shape": [10**6, 10**6], "fill": 0.0}},
    {"array": {"dtype": "float64", "shape": [-1], "values": [1.0]}},
    {"space": {"type": "Discrete", "n": -1, "start": 0, "dtype": "int64"}}, "deep", "long",
)  # fmt: skip


def small_agent() -> RL2:
    """Return an agent that has learnt a little."""
    kwargs = {"hidden_size": 4, "embedding_sizes": (4,)}
    agent = RL2("GruPolicy", ID, seed=0, n_envs=4, n_epochs=1, preset=None, policy_kwargs=kwargs)
    return agent.learn(1)


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(members: dict[str, bytes]) -> bytes:
    """Return a checkpoint of these members with a manifest that fits."""
    sums = {
        name: hashlib.sha256(part).hexdigest()
        for name, part in members.items()
        if name != "manifest.json"
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in {**members, "manifest.json": json.dumps(sums).encode()}.items():
            archive.writestr(name, part)
    return stream.getvalue()


def places_of(value: Any, path: tuple = ()) -> list[tuple]:
    """Return the paths of everything in JSON data."""
    found = [path]
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            found += places_of(part, (*path, key))
    return found


def damage_json(text: bytes, rng: random.Random, under: tuple = ()) -> bytes:
    """Replace, remove, double or rename something in JSON."""
    document = json.loads(text)
    base = document
    for key in under:
        base = base[key]
    place = rng.choice([path for path in places_of(base) if path] or [()])
    *way, last = (*under, *place)
    parent = document
    for key in way:
        parent = parent[key]
    kind = rng.random()
    if kind < 0.7:
        value = rng.choice(VALUES)
        parent[last] = copy.deepcopy(value)
    elif kind < 0.85 or isinstance(parent, list):
        del parent[last]
    else:
        parent[rng.choice(["x", "", "__class__", "family", str(last).upper()])] = parent.pop(last)
    made = json.dumps(document)
    made = made.replace('"deep"', "[" * 3000 + "]" * 3000)
    return made.replace('"long"', "9" * 5000).encode()


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Flip, cut, double or insert bytes."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        if not changed:
            break
        at, kind = rng.randrange(len(changed)), rng.randrange(5)
        if kind == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at] = rng.choice(b'\0\xff",\n{}[]-09#')
        elif kind == 2:
            del changed[at : at + rng.choice([1, 4, 64])]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.choice([1, 8, 128])]
        else:
            del changed[at:]
    return bytes(changed)


def damage_tensors(content: bytes, rng: random.Random) -> bytes:
    """Change a named tensor: its numbers, type, shape or name."""
    named = safetensors.torch.load(content)
    if not named:  # of a network that learns nothing, or an optimiser that has not stepped
        return damage_bytes(content, rng)
    key = rng.choice(sorted(named))
    tensor, kind = named[key], rng.randrange(6)
    if kind == 0:
        numbers: list[float] = [-1, 2**40] if tensor.dtype == torch.int64 else [0, 1]
        if tensor.is_floating_point():
            numbers = [float("nan"), float("inf"), -1.0]
        named[key] = torch.full_like(tensor, rng.choice(numbers))
    elif kind == 1:
        named[key] = tensor.to(rng.choice([torch.float64, torch.int64, torch.bool, torch.float16]))
    elif kind == 2:
        named[key] = torch.zeros(rng.choice([(0,), (1,), (2, 3), (1000,), ()]))
    elif kind == 3:
        del named[key]
    elif kind == 4:
        named[rng.choice(["x", "group9.lr", "0.x", "-1.step", "a.b"])] = named.pop(key)
    else:
        named["x"] = torch.zeros(3)
    return safetensors.torch.save(named)


class Subjects:
    """Whole files of each kind, made once, to damage and to read.

    Args:
        folder: To write into.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        agent = small_agent()
        agent.save(folder / "good.zip")
        self.checkpoint = (folder / "good.zip").read_bytes()
        self.members = members_of(self.checkpoint)
        from agents import evaluate

        evaluate(agent, ID, num_tasks=3, seed=0).to_csv(folder / "curve.csv")
        self.curve = (folder / "curve.csv").read_bytes()
        run = Run.create(folder / "runs", "rl2", ID, 0, {"total_timesteps": 40, "applied": {}})
        self.config, self.run = run.config.read_bytes(), run
        writer = AppendingCSV(folder / "progress.csv")
        for step in (10, 20, 30):
            row = {TIMESTEPS: step, "rollout/trial_rew_mean": step / 7}
            writer.write(row, dict.fromkeys(row, ("",)))
        self.progress = (folder / "progress.csv").read_bytes()

    def kinds(self) -> dict[str, Callable[[random.Random], str]]:
        """Return what damages and reads one file, by its name."""
        return {
            "checkpoint-bytes": lambda rng: self.agent(damage_bytes(self.checkpoint, rng)),
            "checkpoint-json": self._json,
            "checkpoint-optimizer": lambda rng: self._json(rng, ("data", "progress")),
            "checkpoint-tensors": self._tensors,
            "config": self._config,
            "curve": self._curve,
            "progress": self._progress,
        }

    def _json(self, rng: random.Random, under: tuple = ()) -> str:
        text = damage_json(self.members["data.json"], rng, under)
        return self.agent(sealed({**self.members, "data.json": text}))

    def _tensors(self, rng: random.Random) -> str:
        name = rng.choice([one for one in sorted(self.members) if one.endswith(".safetensors")])
        part = self.members[name]
        part = damage_tensors(part, rng) if rng.random() < 0.8 else damage_bytes(part, rng)
        return self.agent(sealed({**self.members, name: part}))

    def agent(self, content: bytes) -> str:
        """Read a checkpoint, and let what is accepted act, learn and save."""
        path = self.folder / "damaged.zip"
        path.write_bytes(content)

        def use() -> None:
            agent = find.checkpoint(path, device="cpu")
            act_learn_and_save(agent, self.folder)

        return outcome(use, path)

    def _config(self, rng: random.Random) -> str:
        damage = damage_json if rng.random() < 0.7 else damage_bytes
        self.run.config.write_bytes(damage(self.config, rng))

        def use() -> None:
            from agents.runs.training import Wishes

            Wishes().filled(self.run.read_config()["config"])

        return outcome(use, self.run.config)

    def _curve(self, rng: random.Random) -> str:
        path = self.folder / "damaged.csv"
        if rng.random() < 0.5:
            head, _, rest = self.curve.partition(b"\n")
            content = b"# " + damage_json(head[1:], rng) + b"\n" + rest
        else:
            content = damage_bytes(self.curve, rng)
        path.write_bytes(content)

        def use() -> None:
            curve = AdaptationCurve.from_csv(path)
            repr(curve)
            curve.to_csv(self.folder / "again.csv")

        return outcome(use, path)

    def _progress(self, rng: random.Random) -> str:
        path = self.folder / "damaged-progress.csv"
        path.write_bytes(damage_bytes(self.progress, rng))

        def use() -> None:
            cut_back(path, TIMESTEPS, 20)
            writer = AppendingCSV(path)
            writer.write({TIMESTEPS: 30}, {TIMESTEPS: ("",)})
            writer.close()
            AppendingCSV(path)

        return outcome(use, path)


def act_learn_and_save(agent: Any, folder: Path) -> None:
    """Let an agent act, learn an iteration and save."""
    loop = agent.inner_loop(agent.venv)
    observation, _ = agent.venv.reset(seed=0)
    loop.reset()
    agent.venv.step(loop.act(observation))
    agent.learn(1, reset_num_timesteps=False)
    agent.save(folder / "again.zip")


def outcome(use: Callable[[], None], path: Path) -> str:
    """Return what comes of a damaged file.

    Returns:
        `"clear"` for a ValueError that names the file or says that training diverges (a file may
        say `learning_rate=1e308`, and so may a user), `"accepted"` where what was read works,
        else `"unrelated: "` with the error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            use()
        except Exception as error:
            if isinstance(error, ValueError) and path.name in str(error):
                return "clear"
            if isinstance(error, NotFiniteError):  # settings with which training diverges, told so
                return "clear"
            return f"unrelated: {type(error).__name__}: {error}"
    return "accepted"


def subjects() -> Subjects:
    """Make the files in a temporary folder, which stays until the process ends."""
    return Subjects(Path(tempfile.mkdtemp(prefix="metazoo-damage-")))
