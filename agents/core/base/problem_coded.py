"""Agents whose training is told what of a task is hidden."""

from __future__ import annotations

from typing import Any

from ..nets.problems import ProblemCode
from .made_algorithm import MadeAlgorithm


class ProblemCoded(MadeAlgorithm):
    """Holds the code of the hidden part of tasks, which `_setup_model` makes, and keeps to it.

    Raises:
        ValueError: If the first observation shows all of the task.
    """

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces.

        Raises:
            ValueError: If its spaces, or the hidden parts of its tasks, differ; it then goes on
                with the one it had.
        """
        before = self.venv
        super().set_env(env, force_reset)
        try:
            found = self._code()
            self.code.require_same(found)
        except ValueError:
            self._set_venv(before)
            raise
        self.code: ProblemCode = found

    def _code(self) -> ProblemCode:
        venv = self.venv.unwrapped
        return ProblemCode(venv.single_task_space, venv.start_shows)
