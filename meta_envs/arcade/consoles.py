"""Games at play: vector environments of ale-py, one a game, in whose slots rows sit.

N rows, R some of them; S slots of a console; F frames a stack.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import ale_py
import numpy as np
from ale_py import roms
from ale_py.vector_env import AtariVectorEnv

from ..physics.pool import thread_count
from .games import GAMES, rom_id

UNSEEDED = -1  # goes on with the game's own generator
SCREEN = (210, 160)  # height and width of the pictures, pixels
_ENDLESS = 2**30  # frames: the core truncates episodes
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """How games are played; see `Atari`, whose arguments these are."""

    frame_skip: int
    frame_stack: int
    frame_size: int
    no_ops: int
    sticky_actions: float
    fire_reset: bool
    full_action_space: bool


@cache
def minimal_actions(game: str) -> tuple[str, ...]:
    """Return the names of the actions that have an effect in a game, e.g. `"upfire"`."""
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    path = roms.get_rom_path(rom_id(game))
    assert path is not None  # all 57 come with ale-py
    ale.loadROM(path)
    return tuple(action.name.lower() for action in ale.getMinimalActionSet())


def all_actions() -> tuple[str, ...]:
    """Return the names of the joystick's 18 actions."""
    return tuple(ale_py.Action(number).name.lower() for number in range(18))


class Console:
    """A vector environment of one game.

    Args:
        game: Index of the game.
        slots: S.
        settings: How games are played.
        threads: Most threads that step it.
        drawn: Whether pictures are asked for: a second environment then plays along in colour.
    """

    def __init__(self, game: int, slots: int, settings: Settings, threads: int, drawn: bool):
        self.game = game
        self.threads = min(threads, slots)
        self.rows = np.full(slots, -1)  # the row in each slot, [S]; -1 where none is
        side = settings.frame_size
        self._env = _made(game, slots, settings, self.threads, (side, side), True)
        self._screen = _made(game, slots, settings, self.threads, SCREEN, False) if drawn else None
        self.screens: np.ndarray | None = None  # [S, height, width, 3]

    @property
    def free(self) -> np.ndarray:
        """The slots without a row."""
        return np.flatnonzero(self.rows < 0)

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Begin a game for those of `rows` [R] that sit here, all at once.

        Returns:
            Observations [R, F, side, side] and lives [R].
        """
        slots = self.slots(rows)
        order = np.argsort(slots)  # ale-py takes seeds in the order of slots
        mask = np.zeros(len(self.rows), dtype=bool)
        mask[slots] = True
        options = None if mask.all() else {"reset_mask": mask}
        seeds = seeds[order].astype(np.int64)
        frames, infos = self._env.reset(seed=seeds, options=options)
        if self._screen is not None:
            self.screens = self._screen.reset(seed=seeds, options=options)[0][:, -1]
        return frames[slots], infos["lives"][slots]

    def slots(self, rows: np.ndarray) -> np.ndarray:
        """Return where `rows` sit."""
        slot_of = {row: slot for slot, row in enumerate(self.rows.tolist())}
        return np.array([slot_of[row] for row in rows.tolist()], dtype=np.int64)

    def send(self, actions: np.ndarray) -> None:
        """Begin a step with the actions of all N rows; `receive` ends it."""
        mine = np.where(self.rows < 0, 0, actions[self.rows])
        self._env.send(mine)
        if self._screen is not None:
            self._screen.send(mine)

    def receive(self) -> tuple[np.ndarray, ...]:
        """Return observations, rewards, whether the game is over, and lives, each [S, ...]."""
        frames, rewards, over, _, infos = self._env.recv()
        if self._screen is not None:
            self.screens = self._screen.recv()[0][:, -1]
        return frames, rewards, over, infos["lives"]


class Consoles:
    """The consoles of N rows. A row that changes its game takes a free slot, or a new console.

    Args:
        num_rows: N.
        settings: How games are played.
        threads: Threads that step at a time; None: `OMP_NUM_THREADS`, else one per CPU.
        drawn: Whether pictures are asked for.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """

    def __init__(self, num_rows: int, settings: Settings, threads: int | None, drawn: bool):
        self.settings, self.drawn = settings, drawn
        self.threads = thread_count(_limit() if threads is None else threads)
        self._games = np.full(num_rows, -1)  # that the rows play now
        self._consoles: list[Console] = []
        self._side = settings.frame_size

    def elsewhere(self, rows: np.ndarray, games: np.ndarray) -> np.ndarray:
        """Tell which of `rows` [R] play another game than `games` [R], or none yet."""
        return self._games[rows] != games

    def begin(
        self, rows: np.ndarray, games: np.ndarray, seeds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Begin games in `rows` [R].

        Args:
            rows: Indices [R].
            games: What each is to play, [R].
            seeds: Of each, [R]; `UNSEEDED` only where the row has played that game before.

        Returns:
            Observations uint8 [R, F, side, side] and lives int64 [R].
        """
        moving = self.elsewhere(rows, games)
        if moving.any():
            self._move(rows[moving], games[moving])
        frames = np.empty((len(rows), self.settings.frame_stack, self._side, self._side), np.uint8)
        lives = np.empty(len(rows), np.int64)
        for console in self._consoles:
            mine = np.isin(rows, console.rows)
            if mine.any():
                frames[mine], lives[mine] = console.begin(rows[mine], seeds[mine])
        return frames, lives

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, ...]:
        """Step every row: observations, raw rewards, whether the game is over, lives; [N, ...]."""
        if len(self._consoles) == 1 and np.array_equal(
            self._consoles[0].rows, np.arange(len(actions))
        ):
            self._consoles[0].send(actions)
            return self._consoles[0].receive()
        count = len(actions)
        parts = (
            np.empty((count, self.settings.frame_stack, self._side, self._side), np.uint8),
            np.empty(count, np.int64),
            np.empty(count, bool),
            np.empty(count, np.int64),
        )
        at_play: deque[Console] = deque()
        for console in self._consoles:
            while at_play and sum(one.threads for one in at_play) + console.threads > self.threads:
                _collect(at_play.popleft(), parts)
            console.send(actions)
            at_play.append(console)
        for console in at_play:
            _collect(console, parts)
        return parts

    def screen(self, row: int) -> np.ndarray:
        """Return what the game of a row shows: uint8 [height, width, 3]."""
        for console in self._consoles:
            if row in console.rows:
                assert console.screens is not None
                return console.screens[console.slots(np.array([row]))[0]]
        raise ValueError(f"row {row} plays nothing yet")

    def close(self) -> None:
        """End all games, and the threads that play them."""
        self._consoles.clear()
        self._games[:] = -1

    def __getstate__(self) -> dict[str, Any]:
        """Raise: games cannot be copied, since their state is not accessible."""
        raise NotImplementedError(
            "games of ale-py cannot be copied; make another environment and reset it with the seed"
        )

    def _move(self, rows: np.ndarray, games: np.ndarray) -> None:
        began, moved = time.perf_counter(), self._games[rows] >= 0
        for console in self._consoles:
            console.rows[np.isin(console.rows, rows)] = -1
        for game in dict.fromkeys(games.tolist()):
            self._seat(rows[games == game], game)
        self._consoles = [one for one in self._consoles if (one.rows >= 0).any()]
        self._games[rows] = games
        if moved.any():
            seconds = time.perf_counter() - began
            names = ", ".join(dict.fromkeys(GAMES[game] for game in games[moved].tolist()))
            count = int(moved.sum())
            _LOG.info("moving %d rows to another game (%s) took %.2f s", count, names, seconds)

    def _seat(self, rows: np.ndarray, game: int) -> None:
        """Give `rows` slots of a game: free ones first."""
        waiting = rows.tolist()
        for console in self._consoles:
            if console.game == game:
                for slot in console.free.tolist()[: len(waiting)]:
                    console.rows[slot] = waiting.pop(0)
        if waiting:
            made = Console(game, len(waiting), self.settings, self.threads, self.drawn)
            made.rows[:] = waiting
            self._consoles.append(made)


def _collect(console: Console, into: Sequence[np.ndarray]) -> None:
    taken = console.rows >= 0
    for whole, part in zip(into, console.receive(), strict=True):
        whole[console.rows[taken]] = part[taken]


def _made(
    game: int, slots: int, settings: Settings, threads: int, size: tuple[int, int], grey: bool
) -> AtariVectorEnv:
    return AtariVectorEnv(
        rom_id(GAMES[game]),
        slots,
        num_threads=threads,
        max_num_frames_per_episode=_ENDLESS,
        repeat_action_probability=settings.sticky_actions,
        full_action_space=settings.full_action_space,
        autoreset_mode="NextStep",  # never comes to it: games that are over are begun before
        img_height=size[0],
        img_width=size[1],
        grayscale=grey,
        stack_num=settings.frame_stack if grey else 1,
        frameskip=settings.frame_skip,
        noop_max=settings.no_ops + 1,  # ale-py draws a number below it
        reward_clipping=False,
        use_fire_reset=settings.fire_reset,
    )


def _limit() -> int | None:
    """Return the number of threads that other libraries keep to, from the environment."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else None
