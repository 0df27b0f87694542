"""Rows of robots as MuJoCo's users know them: the first row's model and data, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np

from ..core import tasks as _tasks
from ..core.vector import MetaVectorEnv
from ..physics.planar_picture import task_lines

if TYPE_CHECKING:
    from ..physics.bodies import Physics
    from ..physics.view import View
    from .goals import Goal


class MujocoRows(MetaVectorEnv):
    """N rows with a MuJoCo model each; `physics` steps them, `goal` says what pictures show."""

    physics: Physics
    goal: Goal
    _renderer: Any = None

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads and close the renderer."""
        for one in (getattr(self, name, None) for name in ("physics", "_renderer")):
            if one is not None:  # a constructor that raised leaves None
                one.close()

    # ---- what MuJoCo's users expect ------------------------------------------------------------

    @property
    def model(self) -> mujoco.MjModel:
        """The model of the first row."""
        return self.physics.models[0]

    @property
    def data(self) -> mujoco.MjData:
        """The data of the first row."""
        return self.physics.data[0]

    @property
    def frame_skip(self) -> int:
        """Physics steps per environment step."""
        return self.physics.frame_skip

    @property
    def dt(self) -> float:
        """Seconds per environment step."""
        return self.physics.dt

    def render_row(self, row: int) -> np.ndarray:
        """Draw a row, with its task."""
        task = _tasks.at(self.tasks, row)
        return self._draw_body(row, lines=task_lines(task), **self.goal.facts(task))

    def render_seen(self, row: int) -> np.ndarray:
        """Draw a row without its goal, for human players; the body is visible."""
        return self._draw_body(row, lines=[])

    def _view(self) -> View | None:
        """Return the viewpoint of pictures; None fits one to everything that is drawn."""
        return None

    def _draw_body(self, row: int, **told: Any) -> np.ndarray:
        if self._renderer is None:
            from ..physics.renderer import RowRenderer

            self._renderer = RowRenderer(view=self._view())
        return self._renderer.draw(self.physics.models[row], self.physics.data[row], **told)
