"""Few-shot classification. N rows, R some of them; W ways, K shots, T steps, P pixels of a side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, positive, whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import held_out
from ..core.tasks import Task, Tasks
from ..core.vector import MetaVectorEnv
from .classes import Classes
from .pictures import draw_lesson

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TEST_SHARE = 4  # one class in this many is held out


class FewShotImages(MetaVectorEnv):
    """Pictures of a few new classes are shown with their labels, then others are to be labelled.

    Tasks:
        `"classes"` [ways]: different classes, in the order of their labels 0, 1, ...
    Observation:
        `Box(0, 1, (size * size + ways + 1,), float32)`: the picture, ink being 1; the label,
        one-hot, if it is shown, else zeros; and 1 if it is shown, else 0. The first `ways * shots`
        observations of an episode show `shots` pictures of each class in random order, the others
        ask for the label of other pictures of random classes. So the first observation can tell
        tasks apart.
    Action:
        `Discrete(ways)`: the label of the picture observed.
    Reward:
        1 for the right label where it is asked for, else 0. `infos["success"]` says whether the
        action was the right label; `infos["query"]` whether it was asked for.
    Episode:
        Terminates after `ways * shots + queries` steps; the observation after them is 0. A trial is
        one episode.
    Splits:
        A quarter of the classes, spread evenly, is `test`, the rest `train`; `all` is both. Turned
        classes are on the side of the class they were made of. Chance is right in 1 of `ways`.
    Source:
        Lake et al. 2015 (Omniglot); Vinyals et al. 2016 (arXiv 1606.04080), section 4.1; episodes
        as in Santoro et al. 2016 (arXiv 1605.06065), but with each label beside its own picture.
        The drawn glyphs are ours.
    Versions:
        v0.

    Supervised learners, which need no environment, draw pictures and labels with `draw_batch`.

    Args:
        images: A folder, in which every folder that holds pictures is a class (Omniglot's
            `images_background`); a dataset of (picture, label) pairs as torchvision has them, or
            its `"module:Name"` (called if it can be); None for glyphs of matplotlib's fonts, 334
            characters drawn in twelve fonts each.
        ways: W.
        shots: K.
        queries: Pictures asked about.
        size: P.
        rotations: Make each class turned by a quarter, a half and three quarters a class of its
            own.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        FileNotFoundError: If there is no such folder.
        MemoryError: If the pictures do not fit into memory.
        TypeError: If `images` is something else.
        ValueError: If an argument is out of range, or there are too few classes or pictures of one.
    """

    splits = ("train", "test", "all")
    start_shows = ("classes",)

    def __init__(
        self,
        images: Any = None,
        ways: int = 5,
        shots: int = 1,
        queries: int = 5,
        size: int = 28,
        rotations: bool = False,
        **core: Unpack[CoreArguments],
    ):
        self.ways, self.shots = whole("ways", ways, 2), positive("shots", shots)
        self.queries, self.size = positive("queries", queries), whole("size", size, 4)
        turned = flag("rotations", rotations)
        self.classes = Classes(images, self.size, turned)
        turns = 4 if turned else 1
        bases = len(self.classes) // turns
        self._held_out = np.repeat(held_out(bases, bases // _TEST_SHARE), turns)
        fewest = min(self._held_out.sum(), (~self._held_out).sum())
        if fewest < self.ways:
            raise ValueError(
                f"ways={ways} needs as many classes on each side of the split; there are "
                f"{len(self.classes)} in all, {fewest} on the smaller side"
            )
        if self.classes.counts.min() <= self.shots:
            raise ValueError(
                f"shots={shots} leaves no picture to ask about in a class of images={images!r}, "
                f"which has {self.classes.counts.min()}"
            )
        self.lesson = self.ways * self.shots  # steps that show a label
        self.steps = self.lesson + self.queries
        pixels = self.size**2
        super().__init__(
            task_space=spaces.Dict(
                {"classes": spaces.MultiDiscrete(np.full(self.ways, len(self.classes)))}
            ),
            observation_space=spaces.Box(0.0, 1.0, (pixels + self.ways + 1,), np.float32),
            action_space=spaces.Discrete(self.ways),
            **core,
        )
        points = (self.num_envs, self.steps)
        self.state = {"picture": np.zeros(points, np.int64), "label": np.zeros(points, np.int64)}
        self._answers = np.zeros(points, np.int64)  # for drawings

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw different classes, all of one side of the split."""
        side = self._held_out == self._held_out[rng.integers(len(self.classes))]
        return {"classes": rng.permutation(np.flatnonzero(side))[: self.ways]}

    def in_split(self, task: Task) -> bool:
        """Tell whether all classes belong to the split."""
        return bool((self._held_out[task["classes"]] == (self.split == "test")).all())

    def check_task(self, task: Task) -> None:
        """Refuse classes that are the same.

        Raises:
            ValueError: If two labels stand for one class.
        """
        if len(np.unique(task["classes"])) < self.ways:
            raise ValueError(
                f"task['classes']={task['classes'].tolist()} has a class twice; labels stand for "
                "different ones"
            )

    def draw_batch(
        self, rng: np.random.Generator, tasks: Tasks, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw n pictures of each of M tasks with their labels: the supervised interface.

        The first `ways` pictures are of all classes, and so are the next, in random order; no
        picture comes twice. So `shots * ways` of them are a lesson, and others questions.

        Args:
            rng: Generator that draws.
            tasks: Arrays [M], as returned by `sample_tasks`.
            n: Number of pictures a task.

        Returns:
            Pictures [M, n, P * P], and labels, one-hot [M, n, ways]; float32.

        Raises:
            ValueError: If a class has too few pictures.
        """
        rounds = -(-positive("n", n) // self.ways)
        classes = tasks["classes"]
        if rounds > self.classes.counts[classes].min():
            raise ValueError(
                f"n={n} pictures are {rounds} of each class; there is one with "
                f"{self.classes.counts[classes].min()}"
            )
        shape = (len(classes), self.ways)
        label = rng.random((len(classes), rounds, self.ways)).argsort(axis=2)
        members = self._shuffled(classes, rng.random((*shape, self.classes.counts.max())))
        member = np.take_along_axis(members[..., :rounds].swapaxes(1, 2), label, axis=2)
        first = np.take_along_axis(self.classes.begins[classes][:, None], label, axis=2)
        picture = (first + member).reshape(len(classes), -1)[:, :n]
        label = label.reshape(len(classes), -1)[:, :n]
        return self._pixels(picture), np.eye(self.ways, dtype=np.float32)[label]

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse pictures and labels that do not exist."""
        super().check_state(state)
        last = len(self.classes.pictures) - 1
        refuse_outside("state.picture", state["state.picture"], 0, last)
        refuse_outside("state.label", state["state.label"], 0, self.ways - 1)
        refuse_outside("elapsed", state["elapsed"], 0, self.steps)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Draw the pictures of an episode for each of `rows`; return the first ones."""
        count, most = len(rows), int(self.classes.counts.max())
        sizes = self.lesson, self.ways * most, self.queries, self.queries
        drawn = np.split(self.random.uniform(rows, sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
        order, shuffle, which, other = drawn
        classes = self.tasks["classes"][rows]  # [R, ways]
        members = self._shuffled(classes, shuffle.reshape(count, self.ways, most))
        shown = order.argsort(axis=1)  # of pairs (label, shot)
        asked = (which * self.ways).astype(np.int64)
        label = np.concatenate([shown // self.shots, asked], axis=1)
        left = np.take_along_axis(self.classes.counts[classes], asked, axis=1) - self.shots
        place = np.concatenate(
            [shown % self.shots, self.shots + (other * left).astype(np.int64)], axis=1
        )
        member = members[np.arange(count)[:, None], label, place]
        first = np.take_along_axis(self.classes.begins[classes], label, axis=1)
        self.state["picture"][rows], self.state["label"][rows] = first + member, label
        return self._observe(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Compare an answer in each row."""
        point = self.elapsed - 1
        success = actions == self.state["label"][self.every_row, point]
        query = point >= self.lesson
        if self.render_mode is not None:
            self._answers[self.every_row, point] = actions
        rewards = (success & query).astype(np.float64)
        infos = {"success": success, "query": query}
        return self._observe(self.every_row), rewards, self.elapsed >= self.steps, infos

    def expert(self, observation: np.ndarray, task: Task) -> int:
        """Return the label: of the class in which the very picture is.

        Args:
            observation: Observation of one row.
            task: The task of the row.
        """
        pixels = np.round(255.0 * observation[: self.size**2]).astype(np.uint8)
        for label, one in enumerate(task["classes"].tolist()):
            first = self.classes.begins[one]
            if (
                (self.classes.pictures[first : first + self.classes.counts[one]] == pixels)
                .all(axis=1)
                .any()
            ):
                return label
        return 0  # after the last step nothing is shown

    def render_row(self, row: int) -> np.ndarray:
        """Draw the pictures shown so far, with labels and answers."""
        pictures = self.classes.pictures[self.state["picture"][row]]
        return draw_lesson(
            pictures.reshape(-1, self.size, self.size),
            labels=self.state["label"][row],
            answers=self._answers[row],
            lesson=self.lesson,
            step=int(self.elapsed[row]),
        )

    def _shuffled(self, classes: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return each class's members in random order, [..., most]; what is none comes last."""
        members = np.arange(noise.shape[-1])
        there = members < self.classes.counts[classes][..., None]
        return np.where(there, noise, 2.0).argsort(axis=-1)

    def _pixels(self, picture: np.ndarray) -> np.ndarray:
        """Return pictures [...] as float32 [..., P * P]."""
        return self.classes.pictures[picture].astype(np.float32) / np.float32(255.0)

    def _observe(self, rows: np.ndarray) -> np.ndarray:
        point, pixels = self.elapsed[rows], self.size**2
        seen = np.zeros((len(rows), pixels + self.ways + 1), dtype=np.float32)
        there = np.flatnonzero(point < self.steps)
        index = rows[there], point[there]
        seen[there, :pixels] = self._pixels(self.state["picture"][index])
        shown = np.flatnonzero(point < self.lesson)
        label = self.state["label"][rows[shown], point[shown]]
        seen[shown, pixels + label] = 1.0
        seen[shown, -1] = 1.0
        return seen
