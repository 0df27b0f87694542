"""Atari's arcade games: the game is the task. N rows, R some of them; F frames a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from ..core.arguments import choice, flag, number, positive, whole
from ..core.autoreset import known_mode
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .consoles import UNSEEDED, Consoles, Settings, all_actions, minimal_actions
from .games import GAMES, HELD_OUT, game_named, human_normalised
from .pictures import draw_game

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ROW_BYTES = 1_600_000  # resident, measured on 20 rows of Pong
_OWN_GAME = "each row has a game of its own, which neither seeds nor trials change"
_SEEDS = 2**31  # of ale-py's generators
# What the two protocols set: sticky actions, no-ops, all 18 actions where one game is played.
_PROTOCOLS: dict[str, tuple[float, int, bool]] = {
    "2018": (0.0, 30, False),
    "sticky": (0.25, 0, True),
}


class Atari(MetaVectorEnv):
    """The 57 games of the Atari 2600 that deep reinforcement learning is measured by.

    Tasks:
        `game`, an index into `meta_envs.arcade.GAMES`. A row has its game from the start: row i
        plays game i of the split (and round again), and an unpinned row keeps it, since changing
        the game costs some tenths of a second, which the log says (`set_tasks` does so). Rows of
        one game step together, as one vector environment of ale-py.
    Observation:
        The last `frame_stack` frames in grey, oldest first, `Box(0, 255, (4, 84, 84), uint8)`: the
        brighter pixels of each step's last two frames, averaged down to `frame_size`; black before
        the first. The first observation shows the game.
    Action:
        `Discrete`: the actions that have an effect in the game, or with `full_action_space`, and
        always where there are several games, the joystick's 18. It is repeated for `frame_skip`
        frames. `action_names` says what each is.
    Reward:
        The change of the score, or its sign with `clip_rewards`. `infos["score"]` is the raw score
        of the game so far; `meta_envs.arcade.human_normalised` puts scores of different games on
        one scale, and so does `evaluate`.
    Episode:
        Terminates when the game is over; truncated at the id's 27,000 steps (108,000 frames).
        `infos["lives"]` counts lives, `infos["game_over"]` says that the game is over. With
        `end_on_lost_life`, for training, losing a life terminates too: the next episode is then
        the same game, where it stands, until a seed or the game's end begins another. One episode
        a trial.
    Splits:
        `test` is Alien, MsPacman, Pong, SpaceInvaders and StarGunner, after Lee et al. 2022
        (Multi-Game Decision Transformers; not checked against their text); `train` is the other
        52. With `game` there is `all` only.
    Source:
        Bellemare et al. 2013; ale-py and the games that come with it. `protocol="2018"` is that of
        DQN, IMPALA and Xu et al. 2018: no sticky actions, up to 30 no-ops at the start (0 to 30
        are equally likely), effective actions only. `"sticky"` is that of Machado et al. 2018: the
        last action is repeated with probability .25 in each frame, no no-ops, all 18 actions (they
        play for five minutes at most: `max_episode_steps=4500`). Agents of both are trained with
        clipped rewards, those of 2018 on single lives too; scores are of whole games without
        clipping, which is the default here. Lives are counted after each step, not after each
        frame.
    Laws:
        With one game all hold. With several, rows and seeds do not decide about the game, so that
        the laws named in `unkept_laws` cannot hold. ale-py cannot tell the state of its games:
        there is no `get_state`.
    Versions:
        v0.

    Args:
        game: The only game, e.g. `"Pong"` or `"ms_pacman"`; None for all of the split.
        protocol: `"2018"` or `"sticky"`: what the next three arguments are unless given.
        sticky_actions: Probability, in each frame, that the last action is repeated instead.
        no_ops: Most frames without action at the start of a game.
        full_action_space: Whether there are 18 actions, whatever the game.
        clip_rewards: Whether rewards are clipped to [-1, 1].
        end_on_lost_life: Whether losing a life ends an episode.
        frame_skip: Frames a step.
        frame_stack: Frames in an observation.
        frame_size: Height and width of a frame, pixels.
        fire_reset: Whether a game that has a fire button begins with a press of it.
        threads: Threads that step; None: `OMP_NUM_THREADS` if it is set, else one per CPU.
            Results do not depend on it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        MemoryError: If the machine lacks the memory for so many rows.
        ValueError: If an argument is out of range or unknown.
    """

    splits: tuple[str, ...] = ("train", "test", "all")
    start_shows = ("game",)
    task_labels = {"game": GAMES}
    unkept_laws: Mapping[str, str] = dict.fromkeys(("determinism", "rows", "pinning"), _OWN_GAME)

    def __init__(
        self,
        game: str | None = None,
        protocol: str = "2018",
        sticky_actions: float | None = None,
        no_ops: int | None = None,
        full_action_space: bool | None = None,
        clip_rewards: bool = False,
        end_on_lost_life: bool = False,
        frame_skip: int = 4,
        frame_stack: int = 4,
        frame_size: int = 84,
        fire_reset: bool = False,
        threads: int | None = None,
        **core: Unpack[CoreArguments],
    ):
        self.game = None if game is None else game_named(game)
        self.clip_rewards = flag("clip_rewards", clip_rewards)
        self.end_on_lost_life = flag("end_on_lost_life", end_on_lost_life)
        choice("protocol", protocol, _PROTOCOLS)
        sticky, no_op, full = _PROTOCOLS[protocol]
        if self.game is None:
            full = True
        else:
            self.splits, self.unkept_laws = ("all",), {}
        self.settings = Settings(
            frame_skip=positive("frame_skip", frame_skip),
            frame_stack=positive("frame_stack", frame_stack),
            frame_size=positive("frame_size", frame_size),
            no_ops=no_op if no_ops is None else whole("no_ops", no_ops, 0),
            sticky_actions=sticky
            if sticky_actions is None
            else number("sticky_actions", sticky_actions, 0.0, 1.0),
            fire_reset=flag("fire_reset", fire_reset),
            full_action_space=full
            if full_action_space is None
            else flag("full_action_space", full_action_space),
        )
        if self.game is None and not self.settings.full_action_space:
            raise ValueError(
                "full_action_space=False is for one game: effective actions differ between games; "
                "give the game too, e.g. game='Pong'"
            )
        self.action_names = (
            all_actions()
            if self.game is None or self.settings.full_action_space
            else minimal_actions(self.game)
        )
        mode = known_mode(core.get("autoreset_mode", AutoresetMode.SAME_STEP))
        if self.end_on_lost_life and mode is AutoresetMode.NEXT_STEP:
            raise ValueError(
                "end_on_lost_life=True does not go with autoreset_mode='NextStep', in which games "
                "would move on between episodes; leave autoreset_mode out"
            )
        # With pictures, a second game plays along in colour.
        self.row_bytes = (2 if core.get("render_mode") else 1) * _ROW_BYTES
        shape = (frame_stack, frame_size, frame_size)
        super().__init__(
            task_space=spaces.Dict({"game": spaces.Discrete(len(GAMES))}),
            observation_space=spaces.Box(0, 255, shape, np.uint8),
            action_space=spaces.Discrete(len(self.action_names)),
            **core,
        )
        self._members = tuple(self.distribution.members() or ())
        drawn = self.render_mode is not None
        self.consoles = Consoles(self.num_envs, self.settings, threads, drawn)
        self._seeded = np.zeros(self.num_envs, dtype=bool)  # since the last beginning
        self._interrupted: dict[int, np.ndarray] = {}  # rows that lost a life: what they saw then
        self.state = {
            "score": np.zeros(self.num_envs),
            "lives": np.zeros(self.num_envs, dtype=np.int64),
        }
        self.metadata = {**self.metadata, "render_fps": 60 // self.settings.frame_skip or 1}

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a game; each is equally likely."""
        games = self.all_tasks()
        return games[rng.integers(len(games))]

    def own_task(self, row: int) -> Task | None:
        """Return the game that an unpinned row plays."""
        return self._members[row % len(self._members)]

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every game, in alphabetical order."""
        if self.game is not None:
            return ({"game": GAMES.index(self.game)},)
        return tuple({"game": index} for index in range(len(GAMES)))

    def in_split(self, task: Task) -> bool:
        """Tell whether the game belongs to the split."""
        return (GAMES[int(task["game"])] in HELD_OUT) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse other games where there is one only.

        Raises:
            ValueError: If the game is another one.
        """
        index = int(task["game"])
        if self.game is not None and GAMES[index] != self.game:
            raise ValueError(
                f"task['game']={index} is {GAMES[index]}, but this environment was made with "
                f"game={self.game!r}, {GAMES.index(self.game)}; make one without `game`"
            )

    def normalised(self, task: Task, returns: np.ndarray) -> np.ndarray | None:
        """Return returns on the scale of random (0) and human (1) scores; None of clipped ones."""
        if self.clip_rewards or self.end_on_lost_life:
            return None
        return human_normalised(GAMES[int(task["game"])], returns)

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Begin games in `rows`, or go on with those that have only lost a life."""
        games = self.tasks["game"][rows]
        new = self.consoles.elsewhere(rows, games) | self._seeded[rows]
        self._seeded[rows] = False
        seeds = np.full(len(rows), UNSEEDED)
        for index in np.flatnonzero(new).tolist():
            seeds[index] = self.random.generator(int(rows[index])).integers(_SEEDS)
        lost = [self._interrupted.pop(row, None) for row in rows.tolist()]
        over = new | np.array([frames is None for frames in lost])
        shape = self.single_observation_space.shape
        assert shape is not None
        observations = np.empty((len(rows), *shape), np.uint8)
        for index in np.flatnonzero(~over).tolist():
            observations[index] = lost[index]
        begun = rows[over]
        if begun.size:
            frames, lives = self.consoles.begin(begun, games[over], seeds[over])
            observations[over] = frames
            self.state["lives"][begun] = lives
            self.state["score"][begun] = 0.0
        return observations

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row."""
        observations, raw, over, lives = self.consoles.step(actions)
        over, lives = over.astype(bool), lives.astype(np.int64)
        rewards = raw.astype(np.float64)
        score = self.state["score"] + rewards
        # Some games stay at no lives for a while before they are over: no end of its own.
        lost = (lives < self.state["lives"]) & (lives > 0) & ~over
        terminated = over
        self._interrupted.clear()  # of rows that were ended, and stepped on all the same
        if self.end_on_lost_life:
            terminated = over | lost
            for row in np.flatnonzero(lost).tolist():
                self._interrupted[row] = observations[row].copy()
        self.state = {"score": score, "lives": lives}
        infos = {"score": score.copy(), "lives": lives.copy(), "game_over": over}
        if self.clip_rewards:
            rewards = np.clip(rewards, -1.0, 1.0)
        return observations, rewards, terminated.copy(), infos

    def get_state(self) -> dict[str, np.ndarray]:
        """Raise: the state of the games is not accessible."""
        raise NotImplementedError(
            "ale-py's vector environments cannot tell the state of their games; get_state and "
            "set_state are for environments that are stepped here"
        )

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Raise, as `get_state` does."""
        self.get_state()

    def render_row(self, row: int) -> np.ndarray:
        """Draw what the game of a row shows, with its name, score and lives."""
        return draw_game(
            self.consoles.screen(row),
            name=GAMES[int(self.tasks["game"][row])],
            score=float(self.state["score"][row]),
            lives=int(self.state["lives"][row]),
            step=int(self.elapsed[row]),
            frame_skip=self.settings.frame_skip,
        )

    def close_extras(self, **kwargs: Any) -> None:
        """End the games; there are none if the constructor failed."""
        if "consoles" in vars(self):
            self.consoles.close()

    def _seed(self, rows: np.ndarray, seeds: Sequence[int | None]) -> np.ndarray:
        given = super()._seed(rows, seeds)
        self._seeded[rows[given]] = True
        return given
