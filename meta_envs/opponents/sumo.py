"""Sumo: contests of two bodies, one of which a bank of opponents moves. N rows, R of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.arguments import choice, number, positive, whole
from ..core.bank import Bank, BankSource
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .contest import RING, RULES, START, Contest
from .roster import BUILT_IN, SELF, SELVES, acted, opponents_of, roster_of, still
from .rounds import RosterTasks
from .wrestlers import bodies_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOST_STEPS, _MOST_VERSIONS = 10**6, 10_000
_SCORE = ("round_wins", "round_losses", "rounds_won", "rounds_lost", "rounds_drawn")


class Sumo(RosterTasks, MetaVectorEnv):
    """Two bodies push each other out of a ring; the other one gets better from round to round.

    Tasks:
        `"opponent"` and `"version"` int: a network of the bank, from 0 on. A version holds for a
        round of `episodes_per_round` contests, then `next_task` raises it, up to the opponent's
        last one. A pin holds for a trial's first round.
    Observation:
        Legged bodies: own coordinates, own velocities, sizes of the contact forces on the own
        bodies (N and N m, up to 100), the other torso's coordinates, sizes of the forces on it; 120
        numbers for an ant, 164 for a bug, 208 for a spider. Pucks: own place and velocity, then the
        other's, 8 numbers. m and m/s; `Box(-inf, inf, float32)`.
    Action:
        `Box(-1, 1, float32)`, one number for each motor: 8, 12, 16, or 2 (pushes along x and y).
    Reward:
        2,000 for a win, -2,000 for a loss, -1,000 for a draw; and in every step .1 times the speed
        towards the other (m/s, if positive), minus 10 exp(-the other's distance from the middle in
        m), minus .1 times the sum of squared actions. All of it times `reward_scale`.
    Episode:
        One contest: both bodies begin on opposite sides, `start_radius` from the middle, at a
        uniform angle, with noise. Who is 2.1 m from the middle along x or y, or whose torso is
        below .29 m, has lost; after `time_limit` steps of .05 s it is a draw. `infos` has `win`,
        `lose`, `draw` (also `success`, a win alone), `opponent_reward`, and after the last contest
        of a round `round_win`, `round_lose` or `round_draw`, by the majority of wins over losses.
        Three rounds a trial.
    Splits:
        With three opponents or more, every third is held out (`"test"`), of two the second; with
        one opponent there is `"all"` alone.
    Source:
        Al-Shedivat et al. 2018 (arXiv 1710.03641, section 5.2) and its RoboSumo, written anew.
        `rules="release"` is as its code runs: heights count from the floor, not the mat, so that
        only who falls off it is too low; both sides may lose at once, which pays 2,000 - 2,000; a
        draw comes one step after the limit. `rules="paper"`: heights count from the mat, so that
        toppling over loses; both at once is a draw; a draw comes at the limit. Differences from
        both: bodies do not touch themselves; the opponent acts without noise; the puck is ours.
    Versions:
        v0.

    Args:
        body: `"puck"`, `"ant"`, `"bug"` or `"spider"`: the learner's.
        opponent: The other one's; None is the same. Pucks play pucks only.
        rules: `"release"` or `"paper"`.
        bank: The opponents: a safetensors file, a name in `assets/banks`, or arrays by name (see
            `core.bank.Bank` and `opponents.roster`); None takes `"sumo-<body>"` for two of a kind,
            or where there is none one that stands still; `"self"` leaves room for the learner's
            earlier selves (`agents.SelfPlay`), before which the opponent stands still.
        names: Of the bank's opponents, for pictures.
        max_versions: Versions that tasks may name: room for a bank that grows; None is as many as
            the bank has, or 32 for `"self"`.
        start_version: Version of a trial's first round (or the last, of opponents that have fewer);
            None draws it.
        rounds_per_version: Rounds before the version is raised.
        episodes_per_round: Contests of a round.
        time_limit: Steps of a contest; None is 100 for pucks, else 500.
        start_radius: m.
        reward_scale: Multiplies rewards.
        player: The learner's name, for pictures.
        threads: Threads that step rows; None: one per CPU. Results do not depend on it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        OSError: If the bank cannot be read.
        TypeError: If names are not strings.
        ValueError: If an argument is out of range or unknown, or the bank does not fit.
    """

    def __init__(
        self,
        body: str = "puck",
        opponent: str | None = None,
        rules: str = "release",
        bank: BankSource | None = None,
        names: Sequence[str] | None = None,
        max_versions: int | None = None,
        start_version: int | None = None,
        rounds_per_version: int = 1,
        episodes_per_round: int = 3,
        time_limit: int | None = None,
        start_radius: float = START,
        reward_scale: float = 1.0,
        player: str = "learner",
        threads: int | None = None,
        **core: Unpack[CoreArguments],
    ):
        first, second = bodies_of(body, opponent)
        limit = max(first.time_limit, second.time_limit) if time_limit is None else time_limit
        self.contest = Contest(
            first,
            second,
            positive("num_envs", core.get("num_envs", 1)),
            choice("rules", rules, RULES),
            whole("time_limit", limit, 1, _MOST_STEPS),
            number("start_radius", start_radius, 0.0, RING),
            threads,
        )
        self.horizon = self.contest.time_limit + (rules == "release")
        self.episodes_per_round = positive("episodes_per_round", episodes_per_round)
        self.rounds_per_version = positive("rounds_per_version", rounds_per_version)
        at = start_version
        self.start_version = at if at is None else whole("start_version", at, 0, _MOST_VERSIONS)
        self.reward_scale = number("reward_scale", reward_scale, above=0.0, high=1e6)
        self.player = str(player)
        known = None
        if bank is None and first.name == second.name:  # those in assets have met their like
            known = BUILT_IN.get(first.name)
        made = self._bank_of(f"sumo-{first.name}" if known else bank)
        if isinstance(bank, str) and bank == SELF:
            known, max_versions = (SELF,), SELVES if max_versions is None else max_versions
        self._names = known if names is None else names
        self.roster = roster_of(made, self._names)
        most = self.roster.most
        if max_versions is not None:
            most = whole("max_versions", max_versions, most, _MOST_VERSIONS)
        opponents = len(self.roster.names)
        self.splits = ("train", "test", "all") if opponents > 1 else ("all",)
        self.task_labels = {"opponent": self.roster.names}
        motors = self.contest.sides[0].num_motors
        seen = self.contest.width(0)
        super().__init__(
            task_space=spaces.Dict(
                {"opponent": spaces.Discrete(opponents), "version": spaces.Discrete(most)}
            ),
            observation_space=spaces.Box(-np.inf, np.inf, (seen,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (motors,), np.float32),
            **core,
        )
        self.metadata = {**self.metadata, "render_fps": 20}
        self.state = self.contest.empty()
        self.state |= {name: np.zeros(self.num_envs, dtype=np.int64) for name in _SCORE}
        # What moves the other side instead of the bank, if anything: observations -> actions.
        self.other_side: Callable[[np.ndarray], np.ndarray] | None = None
        self.other_saw = np.zeros((0, 0), np.float32)  # by the other side after the last step
        self.set_bank(made)

    def check_bank(self, bank: Bank) -> None:
        """Refuse a bank of other spaces or of more opponents or versions than tasks may name.

        Raises:
            ValueError: Saying what it should have.
        """
        other = self.contest.sides[1]
        wanted = self.contest.width(1), other.num_motors
        if (bank.inputs, bank.outputs) != wanted:
            raise ValueError(
                f"bank: {bank} does not fit: the {other.wrestler.name} against the "
                f"{self.contest.sides[0].wrestler.name} sees {wanted[0]} numbers and has "
                f"{wanted[1]} motors"
            )
        roster = roster_of(bank, self._names)
        space: Any = self.single_task_space
        if len(roster.names) != space["opponent"].n or roster.most > space["version"].n:
            raise ValueError(
                f"bank: {len(roster.names)} opponents of up to {roster.most} versions; this "
                f"environment's tasks name {space['opponent'].n} of up to {space['version'].n} "
                "(max_versions makes room)"
            )
        self.roster = roster

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put both bodies of `rows` in place."""
        model = self.contest.physics.nominal
        angles = 2.0 * np.pi * self.random.uniform(rows, 1)[:, 0]
        places = 2.0 * self.random.uniform(rows, model.nq) - 1.0
        noise = places, self.random.normal(rows, model.nv)
        self.state["qpos"][rows], self.state["qvel"][rows] = self.contest.begin(rows, angles, noise)
        if "forces" in self.state:
            self.state["forces"][rows] = 0.0
        begun = self._clock.episode[rows] - 1
        for name in _SCORE:
            every = self.episodes_per_round if name in _SCORE[:2] else np.iinfo(np.int64).max
            self.state[name][rows[begun % every == 0]] = 0
        return self.contest.observe(self.state, 0, rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step both sides of every row."""
        both = actions.astype(np.float64), self._others_actions()
        after, outcome = self.contest.step(self.state, both, self.elapsed, self.resting)
        win, lose = outcome.won[:, 0], outcome.lost[:, 0]
        over = outcome.over
        score = {name: self.state[name].copy() for name in _SCORE}
        score["round_wins"] += win & ~lose
        score["round_losses"] += lose & ~win
        last = over & (self._clock.episode % self.episodes_per_round == 0)
        ahead = np.sign(score["round_wins"] - score["round_losses"])
        ends = {
            "round_win": last & (ahead > 0),
            "round_lose": last & (ahead < 0),
            "round_draw": last & (ahead == 0),
        }
        for name, end in zip(_SCORE[2:], ends.values(), strict=True):
            score[name] += end
        self.state = {**after, **score}
        self.other_saw = self.contest.observe(self.state, 1, self.every_row)
        infos = {
            "win": win.copy(),
            "lose": lose.copy(),
            "draw": outcome.drawn,
            "success": win & ~lose,
            **ends,
            "opponent_reward": self.reward_scale * outcome.rewards[:, 1],
            "physics_diverged": outcome.broken,
        }
        observations = self.contest.observe(self.state, 0, self.every_row)
        return observations, self.reward_scale * outcome.rewards[:, 0], over, infos

    def other_sees(self) -> np.ndarray:
        """Return what the other side of every row sees now, float32 [N, D]."""
        return self.contest.observe(self.state, 1, self.every_row)

    def more_state(self) -> dict[str, np.ndarray]:
        """Return MuJoCo's state of every row."""
        return {"physics": self.contest.physics.get_state()}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore the state."""
        self.contest.physics.set_state(state["physics"])

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads."""
        contest = getattr(self, "contest", None)
        if contest is not None:  # a constructor that raised leaves None
            contest.physics.close()

    def render_row(self, row: int) -> np.ndarray:
        """Draw a contest with both sides' names and the score."""
        return self._draw(row, _tasks.at(self.tasks, row))

    def render_seen(self, row: int) -> np.ndarray:
        """Draw the same without saying who the opponent is, for human players."""
        return self._draw(row, None)

    def set_bank(self, bank: BankSource) -> None:
        """Replace the opponents, as in `TaskFamily`, with the activation that they say they have.

        Raises:
            OSError: If a file cannot be read.
            TypeError: If it is something else.
            ValueError: If it is not a bank, or does not fit.
        """
        super().set_bank(opponents_of(bank))

    # ---- inside ---------------------------------------------------------------------------------

    def _others_actions(self) -> np.ndarray:
        seen = self.other_sees()
        if self.other_side is not None:
            return np.clip(np.asarray(self.other_side(seen), dtype=np.float64), -1.0, 1.0)
        assert self.bank is not None
        return acted(self.bank, self.roster.networks(self.tasks), seen)

    def _bank_of(self, bank: BankSource | None) -> Bank:
        if bank is None or (isinstance(bank, str) and bank == SELF):
            return Bank(still(self.contest.width(1), self.contest.sides[1].num_motors))
        return opponents_of(bank)

    def _draw(self, row: int, task: Task | None) -> np.ndarray:
        from .pictures import draw

        return draw(self, row, task)
