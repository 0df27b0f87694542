"""Enhanced POET: POET that compares tasks by how they rank agents, and saves steps."""

from __future__ import annotations

from .novelty import RankDistance
from .poet import POET
from .presets import ENHANCED
from .transfers import TuneThePromising


class EnhancedPOET(POET):
    """Enhanced POET (Wang et al. 2020, arXiv 2003.08536): POET for any tasks, at fewer steps.

    Two parts of `POET` are others. Novelty is by PATA-EC: the distance of the ranks that tasks
    give to all agents, active and retired, so that it needs no genes that mean something. And an
    agent takes a step in another's task only if it beats the five newest scores there as it is; it
    stays if it beats them after the step too.

    `retired` are the pairs that have left. `annecs`, in the log, is the number of tasks that were
    neither trivial nor hopeless for retired agents when they were admitted (`novel` in `history`),
    and that have been solved since: it goes on growing as long as evolution invents.

    By default it evolves grounds that small networks draw.

    Differences from the release, which counts a task for ANNECS when it is admitted (`novel`, in
    the log): as in the paper it has to be solved, too; scores of equal size have equal ranks; and
    those of `POET`.

    Raises:
        TypeError: If the environment has no tasks that could evolve.
        ValueError: If an argument is out of range.
    """

    presets = ENHANCED
    transfers = TuneThePromising()
    novelty = RankDistance()
    keeps_retired = True

    env = "meta/CPPNTerrain-v0"  # type: ignore[assignment]  # SB3 keeps a batch under this name
    lowest = 25.0
    highest = 340.0
    capacity = 40
