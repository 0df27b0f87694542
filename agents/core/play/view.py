"""What a learner may see of its environment: a fixed list, and nothing else."""

from __future__ import annotations

from typing import Any

MAY_READ = (
    *("num_envs", "episodes_per_trial", "max_episode_steps"),
    *("single_observation_space", "single_action_space", "single_task_space"),
    *("observation_space", "action_space"),
)


class RowsView:
    """Shows a learner the names in `MAY_READ`, and the current tasks only if it may read tasks.

    A family's `expert(observation, task)`, if any, is available to those that may read tasks.

    Args:
        venv: A `MetaVectorEnv`, or vector wrappers of one.
    """

    __slots__ = ("__may_read_tasks", "__venv")

    def __init__(self, venv: Any):
        self.__venv = venv
        self.__may_read_tasks = False

    def show_tasks_to(self, loop: Any) -> None:
        """Show the tasks if the loop's class says that it reads them."""
        self.__may_read_tasks = bool(getattr(loop, "reads_task", False))

    @property
    def tasks(self) -> Any:
        """The current tasks, for oracles.

        Raises:
            PermissionError: If the inner loop's class lacks `reads_task = True`.
        """
        self.__check("tasks")
        return self.__venv.unwrapped.tasks

    def __getattr__(self, name: str) -> Any:
        """Read an attribute of the environment.

        Raises:
            AttributeError: Naming it, if a learner may not read it.
        """
        if name in MAY_READ:
            return getattr(self.__venv, name)
        if name == "expert" and hasattr(self.__venv.unwrapped, name):
            return self.__expert
        raise AttributeError(
            f"a learner read {name!r} of the environment; it may read {', '.join(MAY_READ)}, and "
            "tasks where its class has reads_task = True"
        )

    def __str__(self) -> str:
        """Name the environment."""
        return str(self.__venv)

    def __expert(self, observation: Any, task: Any) -> Any:
        self.__check("expert")
        return self.__venv.unwrapped.expert(observation, task)

    def __check(self, name: str) -> None:
        if not self.__may_read_tasks:
            raise PermissionError(
                f"a learner read {name!r} of the environment: only inner loops with reads_task = "
                "True may see tasks (and only after they are made)"
            )


def open_loop(
    agent: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None, **more: Any
) -> Any:
    """Return an agent's inner loop, which sees only what learners may see of the environment.

    Args:
        agent: Anything with an `inner_loop`.
        venv: A `MetaVectorEnv`, or vector wrappers of one.
        rows_per_task: As in `inner_loop`.
        seed: As in `inner_loop`.
        **more: Further arguments of the agent's `inner_loop`.
    """
    view = RowsView(venv)
    loop = agent.inner_loop(view, rows_per_task, seed, **more)
    view.show_tasks_to(loop)
    return loop
