"""The opponents that `meta/Sumo-v0` has built in: three scripts, and one that played itself.

    python benchmarks/sumo_bank.py                         # the scripts alone
    python benchmarks/sumo_bank.py --own self.safetensors  # and a bank that agents.SelfPlay wrote

The scripts are written as networks of the same sizes: their versions push harder and harder.
Writes `assets/banks/sumo-puck.safetensors`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

FILE = Path(__file__).parents[1] / "assets" / "banks" / "sumo-puck.safetensors"
WIDTH = 32
GAINS = (0.4, 0.6, 0.8, 1.0)  # largest push of each version
# What each pushes along x, from the own place and velocity and then the other's (x, y each); along
# y it is the same with x and y exchanged, or turned by a quarter (-1).
SCRIPTS = {
    "charger": ((2.0, 0.0, 0.3, 0.0, -2.0, 0.0, 0.0, 0.0), 1),  # negative: towards the other
    "guard": ((2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1),  # back to the middle, and stop there
    "dodger": ((1.0, 1.5, 0.3, 0.0, 0.0, -1.5, 0.0, 0.0), -1),  # around the other
}


def script(weights: tuple[float, ...], turned: int, gain: float) -> dict[str, np.ndarray]:
    """Return a script as a network of two hidden layers."""
    first = np.zeros((WIDTH, 8), np.float32)
    first[0] = -np.asarray(weights)
    swapped = np.asarray(weights).reshape(4, 2)[:, ::-1].copy()
    swapped[:, 0] *= turned
    first[1] = -swapped.ravel()
    second, last = np.zeros((WIDTH, WIDTH), np.float32), np.zeros((2, WIDTH), np.float32)
    second[0, 0] = second[1, 1] = 2.0
    last[0, 0] = last[1, 1] = gain / np.tanh(2.0)
    weight = {"layers.0": first, "layers.1": second, "head.means": last}
    arrays = {f"{name}.weight": part for name, part in weight.items()}
    return arrays | {
        f"{name}.bias": np.zeros(len(part), np.float32) for name, part in weight.items()
    }


def main() -> None:
    """Write the bank."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--own", type=Path, help="a bank of one opponent's versions, to add")
    given = parser.parse_args()
    networks = [script(*one, gain) for one in SCRIPTS.values() for gain in GAINS]
    arrays = {name: np.stack([one[name] for one in networks]) for name in networks[0]}
    opponents = [float(number) for number in range(len(SCRIPTS)) for _ in GAINS]
    if given.own is not None:
        own = load_file(given.own)
        arrays = {name: np.concatenate([part, own[name]]) for name, part in arrays.items()}
        opponents += [float(len(SCRIPTS))] * len(own["head.means.bias"])
    arrays["about.opponent"] = np.array(opponents, np.float32)
    save_file(arrays, FILE)
    print(f"{FILE.name}: {len(opponents)} networks, {FILE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
