"""Few-shot classification of glyphs: what learners make of one picture a class.

    python benchmarks/few_shot.py pixels maml mlp-maml reptile snail mann lstm --seeds 0 1 2

Trains an entry on `meta/FewShotImages-v0` (`--images FOLDER` takes Omniglot's pictures instead of
the glyphs; trainings go on where they were interrupted), and appends to `results/few_shot.csv` the
share of right labels in held-out classes. `pixels` is the nearest neighbour in pixels, `mann` a
memory-augmented network (Santoro et al. 2016) and `lstm` the same without its slots (they have one
beside theirs); `snail`, `mann` and `lstm` learn by imitating who knows the labels. Classes are also
turned, as in the papers. Published for Omniglot, 5 ways, 1 shot: MAML .987 with convolutions, .897
without them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from results_table import add, machine
from resumed import trained

import agents
import meta_envs  # noqa: F401  registers the ids

TABLE = Path(__file__).parent / "results" / "few_shot.csv"
ID = "meta/FewShotImages-v0"
_PAIRS: dict[str, Any] = {
    **{"shots": 5, "queries": 10, "n_tasks": 16, "inner_lr": 0.4, "n_batches": 50},
    "learning_rate": ("linear", 2e-3, 2e-4),
}
_CONV = {"policy_kwargs": {"filters": 32, "n_layers": 3}}
_TOLD: dict[str, Any] = {  # histories of one lesson: windows of longer ones begin anywhere in it
    **{"teacher": "expert", "n_envs": 20_000, "n_episodes": 1, "n_batches": 50},
    "learning_rate": ("linear", 1e-3, 1e-4),
}
_FILTERS = {"filters": 32, "key_size": 32, "value_size": 32}
# name: agent, its policy, its arguments, timesteps
ENTRIES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "maml": ("SupervisedMAML", "ConvRegressor", {**_PAIRS, **_CONV}, 300_000),
    "mlp-maml": (
        *("SupervisedMAML", "MlpRegressor"),
        {**_PAIRS, "policy_kwargs": {"net_arch": (256, 128, 64, 64)}},
        600_000,
    ),
    "reptile": (
        *("SupervisedMAML", "ConvRegressor"),
        {
            **{**_PAIRS, **_CONV, "outer": "reptile", "inner_steps": 5, "inner_lr": 0.1},
            **{"shots": 25, "queries": 5, "learning_rate": ("linear", 1.0, 0.1), "test_steps": 20},
        },
        300_000,
    ),
    "snail": (
        *("AlgorithmDistillation", "SnailPolicy"),
        {**_TOLD, "policy_kwargs": {"embedding_sizes": (128, 64), "core_kwargs": _FILTERS}},
        2_000_000,
    ),
    "mann": (
        *("AlgorithmDistillation", "MannPolicy"),
        {
            **_TOLD,
            "policy_kwargs": {
                **{"embedding_sizes": (128, 64), "hidden_size": 128},
                "core_kwargs": {"n_slots": 32, "slot_size": 32, "n_heads": 4},
            },
        },
        6_000_000,
    ),
    "lstm": (
        *("AlgorithmDistillation", "LstmPolicy"),
        {**_TOLD, "policy_kwargs": {"embedding_sizes": (128, 64), "hidden_size": 128}},
        6_000_000,
    ),
}


def run(name: str, seed: int, steps: int | None, kwargs: dict[str, Any], keep: Any) -> None:
    """Train one seed, test it, and write its row."""
    agent, seconds, which = None, 0.0, "nearest neighbour"
    if name != "pixels":
        which, policy, arguments, total = ENTRIES[name]
        cls = getattr(agents, which)

        def make() -> Any:
            return cls(policy, ID, env_kwargs=kwargs, seed=seed, preset=None, **arguments)

        agent, seconds = trained(f"few_shot/{name}-s{seed}", cls, make, steps or total)
    if agent is not None and keep is not None:
        agent.save_weights(keep / f"{which}-FewShotImages-{name}-{seed}.zip")
    right = pixels(kwargs, seed) if agent is None else answered(agent, kwargs, seed)
    row = {
        "machine": machine(1),
        "entry": name,
        "agent": which,
        "images": Path(kwargs["images"]).name if "images" in kwargs else "glyphs",
        "size": kwargs["size"],
        "seed": seed,
        "steps": 0 if agent is None else agent.num_timesteps,
        "train_cpu_seconds": round(seconds),
        "right": round(float(right.mean()), 4),
        "standard_error": round(float(right.std() / len(right) ** 0.5), 4),
    }
    add(TABLE, row)
    print(row, flush=True)


def answered(agent: Any, kwargs: dict[str, Any], seed: int, tasks: int = 1000) -> np.ndarray:
    """Return the share of right labels in each of some held-out tasks."""
    curve = agents.evaluate(
        agent, ID, env_kwargs=kwargs, num_tasks=tasks, seed=seed + 1, deterministic=True
    )
    return curve.returns[:, 0] / 5


def pixels(kwargs: dict[str, Any], seed: int, tasks: int = 1000) -> np.ndarray:
    """Return the same for the label of the nearest picture shown."""
    family: Any = gym.make_vec(ID, num_envs=1, split="test", **kwargs).unwrapped
    drawn = family.sample_tasks(tasks, seed=seed + 1)
    x, y = family.draw_batch(np.random.default_rng(seed), drawn, 10)
    shown, asked, labels = x[:, :5], x[:, 5:], y.argmax(axis=2)
    apart = np.square(asked[:, :, None] - shown[:, None]).sum(axis=3)
    found = np.take_along_axis(labels[:, :5], apart.argmin(axis=2), axis=1)
    return (found == labels[:, 5:]).mean(axis=1)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=["pixels", *ENTRIES])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    parser.add_argument("--images", help="a folder of folders of pictures, e.g. Omniglot's")
    parser.add_argument("--size", type=int, default=14, help="of a picture's side, pixels")
    parser.add_argument("--save", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kwargs: dict[str, Any] = {"size": arguments.size, "rotations": True}
    if arguments.images:
        kwargs["images"] = arguments.images
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments.steps, kwargs, arguments.save)


if __name__ == "__main__":
    main()
