"""Rooms with a sign around the corner, seen in the first person: N rows, R some of them.

Lengths are in metres; x runs along the rooms and y (the source's z) down the plan. Cells of the ray
caster are a metre wide, behind a border of one cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse, refuse_outside
from ..pictures.rays import HEADINGS, RayCaster, Sprite, ahead_of, enlarged
from .instructed import Instructed
from .sign_pictures import box_image, draw_rooms, key_image, text_image

if TYPE_CHECKING:
    from typing_extensions import Unpack

COLOURS = {"blue": (50, 80, 235), "red": (225, 50, 45), "green": (40, 190, 70)}
SHAPES = ("box", "key")
# x, y of the boxes and of the keys, by colour
OBJECTS = np.array([[(1, 1), (9, 1), (9, 5)], [(5, 1), (1, 5), (1, 9)]], dtype=np.float64)
SIGN = np.array([9.8, 10.25])
_SIDE, _DOWN = 10, 13  # of the rooms
_WALL = 6  # a wall of a metre begins there, and stands between the upper room and the right one
_DOOR = 6  # it begins at this x
_STARTS = np.array([(4.0, 5.0), (4.0, 6.0)])  # of x and y
_TURN = HEADINGS // 8  # 45 degrees
_STRIDE = 0.7
_RADIUS = 0.4  # of the agent, which walls stop
_TOUCH = 1.75  # about the source's: the sizes of both and 1.1 strides
_END = 3
_RIGHT, _WRONG = 1.0, -1.0
_VIEW, _HIGH = 60.0, 2.74  # degrees, height of the walls
_BOX, _KEY, _LETTER = 0.8, 0.6, 0.6


class SignNavigation(Instructed):
    """Rooms with boxes and keys, and a sign around the corner that says which colour to touch.

    Tasks:
        `"problem"`: what the sign says, uniform: 0 BLUE, 1 RED, 2 GREEN. `"instruction"`: the
        shape to touch, 1 box or 2 key, new and uniform in each episode, or 0, none, while
        exploring.
    Observation:
        `"frame"`: uint8 [height, width, 3], what is seen, 60 degrees wide. `"instruction"`:
        `Discrete(3)`, that of the task. The sign is seen from the lower rooms alone.
    Action:
        `Discrete(4)`: 0 turn left, 1 turn right (45 degrees), 2 forward (.7 m), 3 end the episode.
        Walls stop a move .4 m before them, along each axis by itself.
    Reward:
        1 for the step that comes within 1.75 m of the object whose colour the sign says and whose
        shape the instruction, -1 for any other object, else 0; 0 while exploring.
        `infos["success"]` says whether the step reached the right one.
    Episode:
        Begins at uniform places with x of 4 to 5 and y of 4 to 6 m, with a uniform heading (of 72).
        Terminates at any object, with action 3, or after `steps` steps. Two episodes a trial: one
        explores, one carries out. Who knows the sign earns 1; guessing among colours -1/3.
    Splits:
        `all`: three problems, on which the source trains and tests.
    Source:
        Liu et al. 2021 (DREAM), as the `Sign` of MiniWorld (Chevalier-Boisvert et al. 2023): rooms
        of 10 by 13 m, places of objects and sign, strides, ends and rewards. Here our own ray
        caster draws flat pictures that face who looks, the wall between the rooms is a metre thick
        instead of .25, objects stop nobody until they are touched, letters are our own, and the
        sign cannot be seen through the opening from above.
    Versions:
        v0.

    Args:
        width: Of a frame, pixels.
        height: Of a frame, pixels, even.
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    action_names = ("turn left", "turn right", "forward", "end")

    def __init__(
        self,
        width: int = 80,
        height: int = 60,
        steps: int = 20,
        exploration_episodes: int = 1,
        **core: Unpack[CoreArguments],
    ):
        self.width, self.height = whole("width", width, 8, 1024), whole("height", height, 8, 1024)
        self.caster = RayCaster(
            self.width,
            self.height,
            _VIEW,
            _HIGH,
            walls=((175, 165, 150),),
            sprites=_sprites(),
        )
        super().__init__(
            problems=len(COLOURS),
            instructions=len(SHAPES),
            steps=steps,
            exploration_episodes=exploration_episodes,
            observation_space=spaces.Dict(
                {
                    "frame": spaces.Box(0, 255, (self.height, self.width, 3), np.uint8),
                    "instruction": spaces.Discrete(1 + len(SHAPES)),
                }
            ),
            action_space=spaces.Discrete(len(self.action_names)),
            **core,
        )
        count = self.num_envs
        self.state = {
            "place": np.tile(_STARTS.mean(axis=1), (count, 1)),
            "heading": np.zeros(count, dtype=np.int64),
        }
        self._world = np.broadcast_to(rooms(), (count, _DOWN + 2, _SIDE + 2))

    def instructions_of(self, problem: int) -> np.ndarray:
        """Return both shapes: every problem has them."""
        return np.arange(1, 1 + len(SHAPES))

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the rooms or in their wall, and headings that do not exist."""
        super().check_state(state)
        place = state["state.place"]
        refuse_outside("state.heading", state["state.heading"], 0, HEADINGS - 1)
        refuse_outside("state.place", place, 0.0, np.array([_SIDE, _DOWN]))
        cell = np.minimum(place.astype(np.int64), np.array([_SIDE, _DOWN]) - 1) + 1
        inside = rooms()[cell[:, 1], cell[:, 0]] > 0
        refuse("state.place", place, np.stack([inside, inside], axis=1), "in a room")

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` somewhere in the middle of the upper room."""
        drawn = self.random.uniform(rows, 3)
        low, high = _STARTS[:, 0], _STARTS[:, 1]
        self.state["place"][rows] = low + (high - low) * drawn[:, :2]
        self.state["heading"][rows] = (drawn[:, 2] * HEADINGS).astype(np.int64)
        if self.render_mode is not None:
            self._trails.begin_trials(rows[self._clock.episode[rows] == 1])
            self._trails.begin_episodes(rows, self.state["place"][rows])
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Turn or move every row; what it touches ends its episode."""
        turn = np.array([-_TURN, _TURN, 0, 0])[actions]
        self.state["heading"] = (self.state["heading"] + turn) % HEADINGS
        stride = np.array([0.0, 0.0, _STRIDE, 0.0])[actions]
        self._move(ahead_of(self.state["heading"]) * stride[:, None])
        away = self.state["place"][:, None, None] - OBJECTS  # [N, shapes, colours, 2]
        near = away[..., 0] ** 2 + away[..., 1] ** 2 < _TOUCH**2
        told = self.tasks["instruction"]
        right = near[self.every_row, told - 1, self.tasks["problem"]] & (told > 0)
        touched = near.any(axis=(1, 2))
        rewards = np.where(touched & (told > 0), np.where(right, _RIGHT, _WRONG), 0.0)
        if self.render_mode is not None:
            self._trails.step(self.state["place"], rewards)
        ended = touched | (actions == _END) | (self.elapsed >= self.steps)
        return self._seen(self.every_row), rewards, ended, {"success": right}

    def _move(self, way: np.ndarray) -> None:
        """Move every row by `way` [N, 2] as far as walls allow, one axis after the other."""
        place, walls = self.state["place"].copy(), self._world[0]
        for axis in (0, 1):
            ahead = place.copy()
            ahead[:, axis] += way[:, axis]
            cell = np.floor(ahead).astype(np.int64) + 1
            edge = ahead[:, axis] + np.sign(way[:, axis]) * _RADIUS
            cell[:, axis] = np.floor(edge).astype(np.int64) + 1
            blocked = walls[cell[:, 1], cell[:, 0]] > 0
            place[:, axis] = np.where(blocked, place[:, axis], ahead[:, axis])
        self.state["place"] = place

    def _seen(self, rows: np.ndarray) -> Any:
        frames = self._frames(rows)
        return {"frame": frames, "instruction": self.tasks["instruction"][rows].copy()}

    def _frames(self, rows: np.ndarray) -> np.ndarray:
        place, problem = self.state["place"][rows], self.tasks["problem"][rows]
        below = place[:, 1] > _WALL + 1
        sign = np.where(below, OBJECTS[..., 0].size + problem, -1)
        fixed = np.broadcast_to(np.arange(OBJECTS[..., 0].size), (len(rows), 6))
        kinds = np.concatenate([fixed, sign[:, None]], axis=1)
        where = np.concatenate([OBJECTS.reshape(-1, 2), SIGN[None]]) + 1.0
        where = np.broadcast_to(where, (len(rows), *where.shape))
        heading = self.state["heading"][rows]
        return self.caster.frames(self._world[rows], place + 1.0, heading, kinds, where)

    def render_row(self, row: int) -> np.ndarray:
        """Draw what is seen, and beside it the rooms, the sign and where this episode has been."""
        told, problem = int(self.tasks["instruction"][row]), int(self.tasks["problem"][row])
        words = f"touch the {SHAPES[told - 1]} of the sign's colour"
        plan = draw_rooms(
            rooms()[1:-1, 1:-1],
            self.heading(row, words),
            objects=OBJECTS,
            colours=tuple(COLOURS.values()),
            sign=(tuple(SIGN.tolist()), tuple(COLOURS)[problem].upper()),
            target=(told - 1, problem) if told else None,
            way=self._trails.of(row).way,
            ahead=tuple(ahead_of(self.state["heading"][row]).tolist()),
        )
        return enlarged(self._frames(np.array([row]))[0], plan)


def rooms() -> np.ndarray:
    """Return the rooms: 1 for wall, with the border, uint8 [15, 12]."""
    walls = np.ones((_DOWN + 2, _SIDE + 2), np.uint8)
    walls[1:-1, 1:-1] = 0
    walls[_WALL + 1, _DOOR + 1 : -1] = 1
    return walls


def _sprites() -> tuple[Sprite, ...]:
    """Return boxes, keys and signs, each by colour."""
    boxes = [Sprite(box_image(colour), _BOX, _BOX) for colour in COLOURS.values()]
    keys = [Sprite(key_image(colour), _KEY, _KEY, 0.3) for colour in COLOURS.values()]
    signs = [Sprite(text_image(name.upper()), _LETTER * len(name), 1.0, 0.85) for name in COLOURS]
    return (*boxes, *keys, *signs)
