"""Bandits that come back, each known by its barcode."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number, positive, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from ..pictures.drawing import FAINT, INK, MUTED, Canvas
from .base import Bandit, arm_count

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOST_BITS = 62
_VISIT_BYTES = 40  # of an episode: in task, pins and bounds
_STRIP = 64  # height of the barcode above the picture, pixels


class RecurringBandit(Bandit):
    """Bandits with one good arm each, which come back in a trial and show who they are.

    A trial is a sequence of episodes; each belongs to a context, whose barcode is shown, and every
    context comes several times. Who remembers the good arm of a context need not look for it again.

    Tasks:
        `"barcodes"` [contexts, bits], distinct, uniform; `"good"` [contexts]: each context's good
        arm, uniform, independent; `"order"` [contexts * visits]: the context of each episode of the
        trial, a random order in which each context comes `visits` times. Trials of more episodes
        begin again with the first.
    Observation:
        The barcode of the episode's context at every step, `Box(0, 1, (bits,), float32)`. The first
        observation shows one of the barcodes.
    Action:
        `Discrete(k)`: the arm to pull.
    Reward:
        1 with probability `p_good` for the good arm, `p_other` for another one, else 0.
        `infos["expected_reward"]` is that probability; `infos["visit"]` says how often the context
        has come before in the trial (0: never), `infos["context"]` which it is.
    Episode:
        Terminates at pull n. A trial is contexts * visits = 30 episodes. Of ten pulls, who knows
        the good arm earns 9, who looks for it anew about 6.6, and who pulls at random 2.6.
    Splits:
        A checksum of the barcodes decides between `train` and `test` (about half each).
    Source:
        Ritter et al. 2018 (episodic LSTM), the task with barcodes: 10 pulls, arms that pay with .9
        and .1. Numbers of arms, contexts and visits are those of its re-implementations.
    Versions:
        v0: first.

    Args:
        arms: Number of arms, k.
        pulls: Pulls per episode, n.
        contexts: Contexts per trial.
        visits: How often each comes.
        bits: Length of a barcode.
        p_good: Probability that a good arm pays.
        p_other: Probability that another one pays.
        **core: As in `MetaVectorEnv`; `episodes_per_trial` should be contexts * visits.

    Raises:
        ValueError: If an argument is out of range, or there are fewer barcodes than contexts.
    """

    splits = ("train", "test", "all")
    start_shows = ("barcodes", ("order", slice(1)))

    def __init__(
        self,
        arms: int = 5,
        pulls: int = 10,
        contexts: int = 10,
        visits: int = 3,
        bits: int = 10,
        p_good: float = 0.9,
        p_other: float = 0.1,
        **core: Unpack[CoreArguments],
    ):
        self.contexts, self.visits = positive("contexts", contexts), positive("visits", visits)
        self.bits = whole("bits", bits, 1, _MOST_BITS)
        self.p_good = number("p_good", p_good, 0.0, 1.0)
        self.p_other = number("p_other", p_other, 0.0, 1.0)
        refuse_size("visits", self.visits, lambda count: count * self.contexts * _VISIT_BYTES)
        if self.contexts > 2**self.bits // 2:
            raise ValueError(
                f"contexts={contexts} need more than bits={bits}: half of the {2**self.bits} "
                "barcodes suffice for the most; give more bits"
            )
        count = arm_count(arms)
        parts: dict[str, spaces.Space] = {
            "barcodes": spaces.MultiDiscrete(np.full((self.contexts, self.bits), 2)),
            "good": spaces.MultiDiscrete(np.full(self.contexts, count)),
            "order": spaces.MultiDiscrete(np.full(self.contexts * self.visits, self.contexts)),
        }
        super().__init__(
            arms=arms,
            pulls=pulls,
            task_space=spaces.Dict(parts),
            observation_space=spaces.Box(0.0, 1.0, (self.bits,), np.float32),
            **core,
        )
        self.state["context"] = np.zeros(self.num_envs, dtype=np.int64)
        self.state["visit"] = np.zeros(self.num_envs, dtype=np.int64)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw barcodes, good arms, and the order of contexts."""
        codes: dict[int, None] = {}
        while len(codes) < self.contexts:
            codes[int(rng.integers(2**self.bits))] = None
        barcodes = [[code >> bit & 1 for bit in range(self.bits)] for code in codes]
        return {
            "barcodes": np.array(barcodes),
            "good": rng.integers(self.arms, size=self.contexts),
            "order": rng.permutation(np.arange(self.contexts).repeat(self.visits)),
        }

    def in_split(self, task: Task) -> bool:
        """Tell whether the barcodes belong to the split."""
        checksum = zlib.crc32(np.packbits(task["barcodes"].astype(bool)).tobytes())
        return (checksum % 2 == 1) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse contexts that cannot be told apart.

        Raises:
            ValueError: If two barcodes are the same.
        """
        if len(np.unique(task["barcodes"], axis=0)) < self.contexts:
            raise ValueError("task['barcodes'] has a barcode twice; contexts need one each")

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse contexts that do not exist."""
        super().check_state(state)
        refuse_outside("state.context", state["state.context"], 0, self.contexts - 1)
        refuse_outside("state.visit", state["state.visit"], 0, 2**62)

    def first_means(self, rows: np.ndarray) -> np.ndarray:
        """Return what the arms of the context pay."""
        good = self.tasks["good"][rows, self.state["context"][rows]]
        return np.where(np.arange(self.arms) == good[:, None], self.p_good, self.p_other)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Begin the next context of `rows`."""
        orders, number = self.tasks["order"][rows], self._clock.episode[rows] - 1
        rounds, place = np.divmod(number, orders.shape[1])
        context = orders[np.arange(len(rows)), place]
        same = orders == context[:, None]
        before = (same & (np.arange(orders.shape[1]) < place[:, None])).sum(axis=1)
        self.state["context"][rows] = context
        self.state["visit"][rows] = before + rounds * same.sum(axis=1)
        super().begin_episodes(rows)
        return self._barcodes(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Pull one arm in each row."""
        _, rewards, terminated, infos = super().step_rows(actions)
        infos |= {key: self.state[key].copy() for key in ("visit", "context")}
        return self._barcodes(self.every_row), rewards, terminated, infos

    def render_row(self, row: int) -> np.ndarray:
        """Draw the barcode above the arms."""
        arms = super().render_row(row)
        canvas = Canvas(arms.shape[1], _STRIP)
        context, visit = (int(self.state[key][row]) for key in ("context", "visit"))
        words = f"context {context + 1} of {self.contexts}, visit {visit + 1}"
        canvas.text(words, (20, 14), size=18, bold=True)
        wide = min(18.0, (arms.shape[1] - 40) / self.bits)
        for bit, is_set in enumerate(self.tasks["barcodes"][row, context].tolist()):
            canvas.rect(20 + bit * wide, 42, wide, 18, INK if is_set else FAINT)
        canvas.text("barcode", (28 + self.bits * wide, 51), size=12, color=MUTED, anchor="midleft")
        return np.concatenate([canvas.array(), arms])

    def _barcodes(self, rows: np.ndarray) -> np.ndarray:
        return self.tasks["barcodes"][rows, self.state["context"][rows]].astype(np.float32)
