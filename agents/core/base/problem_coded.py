"""Agents whose training is told what of a task is hidden."""

from __future__ import annotations

from typing import Any

from ..nets.problems import ProblemCode
from .arguments import Declared, argument
from .made_algorithm import MadeAlgorithm


class ProblemArguments(Declared):
    """Arguments of agents that embed problems."""

    problem_parts: bool = argument(
        "Embed what a problem is made of, part by part, where the environment's `problem_parts` "
        "says it, in place of its number; new combinations of known parts then have latents.",
        default=False,
    )


class ProblemCoded(ProblemArguments, MadeAlgorithm):
    """Holds the code of the hidden part of tasks, which `_setup_model` makes, and keeps to it.

    Raises:
        ValueError: If the first observation shows all of the task, or `problem_parts` is asked for
            where the environment does not say them.
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
        parts = venv.problem_parts if self.problem_parts else {}
        if self.problem_parts and not parts:
            raise ValueError(
                "problem_parts=True: this environment does not say what its problems are made of; "
                "meta/Cooking-v0 and meta/BusGrid-v0 do"
            )
        return ProblemCode(venv.single_task_space, venv.start_shows, parts)
