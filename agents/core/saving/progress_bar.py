"""A progress bar that counts the steps actually played."""

from __future__ import annotations

import sys
from typing import Any

from stable_baselines3.common.callbacks import ProgressBarCallback
from tqdm import tqdm


class ProgressBar(ProgressBarCallback):
    """A progress bar over the whole training, following the model's own count of timesteps.

    Stable-Baselines3's own bar adds `num_envs` at every step, which is wrong where rows are masked
    or a call takes many steps. The model's `latest` (numbers by name, such as the newest mean
    return) is shown after the bar.
    """

    pbar: Any

    def _on_training_start(self) -> None:
        # `total_timesteps` counts earlier training too, so a resumed bar starts in the middle
        self.pbar = tqdm(
            total=self.locals["total_timesteps"],
            initial=self.model.num_timesteps,
            mininterval=0.2 if sys.stderr.isatty() else 10.0,  # seconds; log files stay readable
            unit="step",
            unit_scale=True,
        )

    def _on_rollout_start(self) -> None:
        self._show_latest()
        self._advance()

    def _on_step(self) -> bool:
        self._advance()
        return True

    def _on_rollout_end(self) -> None:
        self._show_latest()
        self._advance()

    def _on_training_end(self) -> None:
        self._show_latest()
        self._advance()
        self.close()

    def close(self) -> None:
        """Close the bar; call this when an exception ends training, such as Ctrl-C."""
        if getattr(self, "pbar", None) is not None:
            self.pbar.refresh()
            self.pbar.close()
            self.pbar = None

    def _show_latest(self) -> None:
        latest = getattr(self.model, "latest", None)
        if latest:
            numbers = {k.rsplit("/", 1)[-1]: f"{v:.4g}" for k, v in latest.items()}
            self.pbar.set_postfix(numbers, refresh=False)

    def _advance(self) -> None:
        # tqdm drops its percentage beyond the total, and the last iteration exceeds the total
        self.pbar.update(min(self.model.num_timesteps, self.pbar.total) - self.pbar.n)
