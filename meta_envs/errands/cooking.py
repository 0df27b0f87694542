"""A kitchen whose drawers hold something unknown: N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from .base import MOVE_NAMES, MOVES, STEP_REWARD, Errand
from .pictures import draw_kitchen

if TYPE_CHECKING:
    from typing_extensions import Unpack

_SIZE = 3
_DRAWERS = np.array([(2, 0), (2, 1), (2, 2)])
_BOWL = np.array([1, 1])  # episodes begin there
_KINDS = 4  # of ingredients
_ROOM = 3  # ingredients the bowl holds
_TEST_PROBLEM = 10
_EMPTY = _KINDS  # an ingredient's number where there is none
_STAGE_REWARD = 0.25
_MISTAKE = -0.25  # on top of the step's reward
_PICK, _DROP = len(MOVES), len(MOVES) + 1


class Cooking(Errand):
    """A kitchen: find what is in the drawers, then put two ingredients into the bowl in order.

    Tasks:
        `"problem"`: one of four ingredients in each of three drawers, at (2, 0), (2, 1) and (2, 2),
        uniform: 64 problems; drawer i holds `problem // 4**i % 4`. `"instruction"`: two
        ingredients, 1 + 4 * first + second, drawn with replacement from the problem's drawers, new
        in each episode, or 0, none, while exploring.
    Observation:
        One-hot x and y of the agent; whether it is at a drawer, and at the bowl; the ingredient it
        holds and the three in the bowl, one-hot each; the pair of the instruction, one-hot (nothing
        while exploring): `Box(0, 1, (40,), float32)`. What a drawer holds is seen by taking it out.
    Action:
        `Discrete(7)`: 0 left, 1 up (y + 1), 2 right, 3 down, 4 stay, 5 pick up, 6 drop. Drawers
        never empty. What is dropped elsewhere than in the bowl, or into a full one, is gone, and so
        is what is held when picking up again (from the bowl nothing comes).
    Reward:
        0 while exploring. Then .25 for each of four stages: holding the first ingredient, having
        it in the bowl's first place, holding the second, having it in the second place. -0.1 for
        each other step, and -.35 for one that picks up the wrong ingredient or loses the right one,
        which also goes back a stage. `infos["success"]` marks the fourth stage.
    Episode:
        Begins at the bowl, (1, 1), with nothing in it. Terminates with the fourth stage, or after
        `steps` steps. Two episodes a trial: one explores, one carries out. The best return of the
        second is 1, less .2 for each ingredient that the nearest drawer has and .4 for each that
        only others have: .4667 on average in problem 10.
    Splits:
        `test` is problem 10 alone, `train` the other 63, as in the source; `all` is both.
    Source:
        Liu et al. 2021 (DREAM), section 6.1 and the code published with it. There the
        observation is numbers, and actions also ride a bus and end the episode (at the price of all
        steps left), which help nothing here.
    Versions:
        v0.

    Args:
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")

    def __init__(
        self, steps: int = 20, exploration_episodes: int = 1, **core: Unpack[CoreArguments]
    ):
        super().__init__(
            size=_SIZE,
            problems=_KINDS ** len(_DRAWERS),
            instructions=_KINDS**2,
            features=2 + _KINDS * (1 + _ROOM),
            action_names=(*MOVE_NAMES, "pick up", "drop"),
            steps=steps,
            exploration_episodes=exploration_episodes,
            **core,
        )
        self.problem_parts = {"problem": self.drawers(np.arange(self.problems))}
        self._kind_bits = np.eye(1 + _KINDS, dtype=np.float32)[:, :_KINDS]
        self._contents = np.zeros((self.num_envs, _SIZE, _SIZE), dtype=np.int64)
        self.state = {
            **self.state,
            "held": np.full(self.num_envs, _EMPTY),
            "bowl": np.full((self.num_envs, _ROOM), _EMPTY),
            "stage": np.zeros(self.num_envs, dtype=np.int64),
        }

    def drawers(self, problems: np.ndarray) -> np.ndarray:
        """Return the ingredients in the drawers of `problems` [R]: int [R, 3]."""
        return problems[:, None] // _KINDS ** np.arange(len(_DRAWERS)) % _KINDS

    def in_split(self, task: Task) -> bool:
        """Tell whether the problem belongs to the split."""
        return (int(task["problem"]) == _TEST_PROBLEM) == (self.split == "test")

    def instructions_of(self, problem: int) -> np.ndarray:
        """Return the nine ordered pairs of the drawers' ingredients; some may be equal."""
        held = self.drawers(np.array([problem]))[0]
        return (1 + _KINDS * held[:, None] + held).ravel()

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse ingredients and stages that do not exist."""
        super().check_state(state)
        for name, most in (("held", _EMPTY), ("bowl", _EMPTY), ("stage", 3)):
            refuse_outside(f"state.{name}", state[f"state.{name}"], 0, most)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Fill the drawers of `rows`."""
        self._contents[rows] = _EMPTY
        filled = self.drawers(self.tasks["problem"][rows])
        self._contents[rows[:, None], _DRAWERS[:, 0], _DRAWERS[:, 1]] = filled

    def begin_world(self, rows: np.ndarray) -> None:
        """Put `rows` at the empty bowl, with empty hands."""
        self.state["position"][rows] = _BOWL
        self.state["held"][rows] = self.state["bowl"][rows] = _EMPTY
        self.state["stage"][rows] = 0

    def step_world(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move, pick up and drop, and pay for the stages of the instruction."""
        position, held = self.state["position"], self.state["held"]
        at_bowl, at_drawer = self._at(position)
        picks, drops = actions == _PICK, actions == _DROP
        drawer = self._contents[self.every_row, position[:, 0], position[:, 1]]
        bowl = self._filled(held, drops & at_bowl)
        held = np.where(picks & (at_drawer | at_bowl), drawer, np.where(drops, _EMPTY, held))
        aim = position + MOVES[np.minimum(actions, len(MOVES) - 1)]
        self.state["position"] = np.clip(aim, 0, _SIZE - 1)
        self.state["held"], self.state["bowl"] = held, bowl
        return self._pay(picks)

    def _filled(self, held: np.ndarray, dropped: np.ndarray) -> np.ndarray:
        """Return the bowls, [N, 3], after what is held fell into those where `dropped`."""
        bowl = self.state["bowl"].copy()
        free = bowl == _EMPTY
        rows = np.flatnonzero(dropped & free.any(axis=1))
        bowl[rows, free[rows].argmax(axis=1)] = held[rows]
        return bowl

    def _pay(self, picks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pay for stages, and move on or back: rewards [N] and the fourth stage's end [N]."""
        held, bowl, stage = (self.state[key] for key in ("held", "bowl", "stage"))
        wanted = np.stack(np.divmod(np.maximum(self.tasks["instruction"] - 1, 0), _KINDS), axis=1)
        second = stage >= 2
        holds = held == np.where(second, wanted[:, 1], wanted[:, 0])
        first_in = bowl[:, 0] == wanted[:, 0]
        inside = first_in & (~second | (bowl[:, 1] == wanted[:, 1]))
        fetching = stage % 2 == 0  # else bringing it to the bowl
        gains = np.where(fetching, holds, inside)
        fails = ~gains & ~holds & (picks | ~fetching)
        done = gains & (stage == 3)
        self.state["stage"] = stage + (gains & ~done) - (fails & ~fetching)
        return np.where(gains, _STAGE_REWARD, STEP_REWARD + np.where(fails, _MISTAKE, 0.0)), done

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return where `rows` are, what they hold, and what is in their bowls."""
        at_bowl, at_drawer = self._at(self.state["position"][rows])
        bowl = self._kind_bits[self.state["bowl"][rows]].reshape(len(rows), -1)
        places = np.stack([at_drawer, at_bowl], axis=1).astype(np.float32)
        return np.concatenate([places, self._kind_bits[self.state["held"][rows]], bowl], axis=1)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the kitchen, what is hidden in its drawers, and what is held and cooked."""
        told = max(int(self.tasks["instruction"][row]) - 1, 0)
        wanted = divmod(told, _KINDS) if self.tasks["instruction"][row] else ()
        return draw_kitchen(
            _SIZE,
            self.heading(row, "put into the bowl:"),
            way=self._trails.of(row).way,
            drawers=list(
                zip(
                    map(tuple, _DRAWERS.tolist()),
                    self.drawers(self.tasks["problem"][row : row + 1])[0].tolist(),
                    strict=True,
                )
            ),
            bowl=(int(_BOWL[0]), int(_BOWL[1])),
            inside=[kind for kind in self.state["bowl"][row].tolist() if kind != _EMPTY],
            held=None if self.state["held"][row] == _EMPTY else int(self.state["held"][row]),
            wanted=wanted,
        )

    @staticmethod
    def _at(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return whether places [R, 2] are the bowl's, and a drawer's, bool [R] each."""
        at_bowl = (position == _BOWL).all(axis=1)
        return at_bowl, position[:, 0] == _DRAWERS[0, 0]
