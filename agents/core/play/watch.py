"""What training shows of each step, as Stable-Baselines3 does: callbacks, episodes, infos.

N rows, R of them that play.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from meta_envs.core import batches

from .inner_loop import Rows
from .player import PlayedStep

Info = dict[str, Any]


class RowInfos(Sequence[Info]):
    """The infos of a step in SB3's form, one dict per row, made when they are looked at.

    Rows that do not play have empty ones. Where an episode ended there are `episode` (return,
    length, seconds), `terminal_observation` and `TimeLimit.truncated`, and `is_success` if the
    environment reports success.

    Args:
        num_rows: N.
        step: The step; None gives only empty infos.
        episodes: Info entries about episodes that ended, by row.
    """

    def __init__(self, num_rows: int, step: PlayedStep | None, episodes: dict[int, Info]):
        self._num_rows = num_rows
        self._step = step
        self._episodes = episodes
        told = {} if step is None else step.infos
        # copies, which stay valid when an environment reuses its arrays
        self._told = {k: v.copy() for k, v in told.items() if k not in ("final_obs", "_final_obs")}
        self._made: list[Info] | None = None

    def __len__(self) -> int:
        """N."""
        return self._num_rows

    @overload
    def __getitem__(self, index: int) -> Info: ...
    @overload
    def __getitem__(self, index: slice) -> list[Info]: ...
    def __getitem__(self, index: int | slice) -> Info | list[Info]:
        """Return the infos of a row, the same dict every time."""
        return self._all()[index]

    def __iter__(self) -> Iterator[Info]:
        """Go through the rows."""
        return iter(self._all())

    def __repr__(self) -> str:
        """Show them as a list."""
        return repr(self._all())

    def _all(self) -> list[Info]:
        if self._made is None:
            self._made = [{} for _ in range(self._num_rows)]
            if self._step is not None:
                self._fill(self._made, self._step)
        return self._made

    def _fill(self, made: list[Info], step: PlayedStep) -> None:
        rows = range(self._num_rows) if step.rows is None else step.rows.tolist()
        for index, row in enumerate(rows):
            info = made[row]
            info.update({key: part[index] for key, part in self._told.items()})
            if step.ended[index]:
                cut = step.truncated[index] and not step.terminated[index]
                info["terminal_observation"] = batches.take(step.next_observation, index)
                info["TimeLimit.truncated"] = bool(cut)
                info.update(self._episodes[row])


class Watch:
    """Sees every step of one collection: counts timesteps and episodes, and calls callbacks.

    `ep_info_buffer` and `ep_success_buffer` of the agent take each episode as it ends. A callback's
    `locals` hold, as in SB3's collectors, `rewards`, `dones`, `infos`, `actions` and `new_obs` of
    all N rows; if a row does not play (it has finished, but keeps stepping), its reward is 0, its
    `done` False and its info empty. `rows` are the indices of the rows that play.

    Args:
        agent: The agent in training.
        callback: The agent's callbacks.
        open_episodes: Returns and lengths [N] of episodes in progress, updated in place; None means
            that all begin.
    """

    def __init__(
        self,
        agent: Any,
        callback: BaseCallback,
        open_episodes: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.agent = agent
        self.callback = callback
        self.num_rows: int = agent.n_envs
        if open_episodes is None:
            open_episodes = np.zeros(self.num_rows), np.zeros(self.num_rows, dtype=np.int64)
        self._returns, self._lengths = open_episodes
        self._success: np.ndarray | None = None
        self._every_row = np.arange(self.num_rows)
        constant = {"self": agent, "env": agent.env, "callback": callback}
        callback.update_locals({**constant, "total_timesteps": agent._total_timesteps})

    def __call__(self, step: PlayedStep | int) -> bool:
        """Take one step, or the number of steps of a collector that plays none.

        Returns:
            Whether to go on.
        """
        seen = self._nothing(step) if isinstance(step, int) else self._seen(step, self.count(step))
        self.callback.update_locals(seen)
        return self.callback.on_step()

    def count(self, step: PlayedStep) -> dict[int, Info]:
        """Count a step and its rows' episodes, without callbacks.

        Returns:
            Info entries about the episodes that ended, by row.
        """
        self.agent.num_timesteps += step.count
        rows: Any = slice(None) if step.rows is None else step.rows
        self._returns[rows] += step.reward
        self._lengths[rows] += 1
        if "success" in step.infos:
            if self._success is None:
                self._success = np.zeros(self.num_rows, dtype=bool)
            self._success[rows] |= step.infos["success"] > 0
        if not step.ended.any():
            return {}
        over = np.flatnonzero(step.ended)
        return self._end(over if step.rows is None else step.rows[over])

    def _seen(self, step: PlayedStep, episodes: dict[int, Info]) -> dict[str, Any]:
        rows, whole = step.rows, self._whole
        return {
            "rewards": whole(step.reward, rows).copy(),
            "dones": whole(step.ended, rows),
            "infos": RowInfos(self.num_rows, step, episodes),
            "actions": whole(step.action, rows),
            "new_obs": step.shown,
            "rows": self._every_row if rows is None else rows,
        }

    def _nothing(self, steps: int) -> dict[str, Any]:
        self.agent.num_timesteps += steps
        return {
            "rewards": np.zeros(self.num_rows),
            "dones": np.zeros(self.num_rows, dtype=bool),
            "infos": RowInfos(self.num_rows, None, {}),
            "actions": None,
            "new_obs": None,
            "rows": self._every_row[:0],
        }

    def _end(self, over: np.ndarray) -> dict[int, Info]:
        seconds = round((time.time_ns() - self.agent.start_time) / 1e9, 6)
        numbers = (part[over].tolist() for part in (self._returns, self._lengths))
        ended = [{"r": r, "l": length, "t": seconds} for r, length in zip(*numbers, strict=True)]
        episodes: dict[int, Info] = {
            row: {"episode": one} for row, one in zip(over.tolist(), ended, strict=True)
        }
        self.agent.ep_info_buffer.extend(ended)
        if self._success is not None:
            succeeded = self._success[over].tolist()
            self.agent.ep_success_buffer.extend(succeeded)
            for row, success in zip(over.tolist(), succeeded, strict=True):
                episodes[row]["is_success"] = success
            self._success[over] = False
        self._returns[over], self._lengths[over] = 0.0, 0
        return episodes

    def _whole(self, values: np.ndarray, rows: Rows) -> np.ndarray:
        """Put the values of `rows` into an array of all rows, with zeros for the others."""
        if rows is None:
            return values
        whole = np.zeros((self.num_rows, *values.shape[1:]), dtype=values.dtype)
        whole[rows] = values
        return whole
