"""Training logs for Weights & Biases, as a writer of Stable-Baselines3's logger."""

from __future__ import annotations

import secrets
from typing import Any

from stable_baselines3.common.logger import KVWriter, filter_excluded_keys

from .files import atomic_file
from .run import Run

NEEDS = 'logging to Weights & Biases needs wandb: pip install "metazoo[wandb]"'


class WandbWriter(KVWriter):
    """Sends every row of the log to a project; a resumed run goes on with its own curve there.

    `wandb`'s own settings apply, e.g. `WANDB_MODE=offline`.

    Args:
        run: The run; its config is sent too, and `wandb.txt` in its folder holds the id there.
        project: The project.

    Raises:
        ImportError: wandb is not installed.
        OSError: The run's folder cannot be written.
    """

    def __init__(self, run: Run, project: str):
        try:
            import wandb
        except ModuleNotFoundError as missing:
            raise ImportError(NEEDS) from missing
        about = run.read_config()
        path = run.folder / "wandb.txt"
        if not path.is_file():
            with atomic_file(path) as stream:
                stream.write(f"{secrets.token_hex(8)}\n".encode())
        self._run = wandb.init(
            project=project,
            name=run.folder.name,
            id=path.read_text(encoding="utf-8").strip(),
            resume="allow",
            config={"agent": about["agent"], "env_id": about["env_id"], **about["config"]},
        )

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Send one row; what is no number stays here.

        Args:
            key_values: Values, by name.
            key_excluded: For each name, the formats that do not show it.
            step: Timesteps.
        """
        shown = filter_excluded_keys(key_values, key_excluded, "wandb")
        numbers = {key: float(one) for key, one in shown.items() if isinstance(one, int | float)}
        self._run.log(numbers, step=step)

    def close(self) -> None:
        """End the run there."""
        self._run.finish()
