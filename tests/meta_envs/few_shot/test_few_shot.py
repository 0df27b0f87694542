"""Few-shot classification: what is shown and asked, sources of pictures, splits, errors."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from agents import baselines, evaluate
from meta_envs.few_shot.classes import Classes
from meta_envs.few_shot.glyphs import CHARACTERS, glyphs

ID, SIZE = "meta/FewShotImages-v0", 14


class Stripes:
    """A dataset as torchvision has them: classes of 4 pictures, each told by its brightness."""

    def __init__(self, classes: int = 12, pictures: int = 4):
        self.classes, self.pictures = classes, pictures

    def __len__(self) -> int:
        return self.classes * self.pictures

    def __getitem__(self, index: int) -> tuple[Any, int]:
        label, number = index % self.classes, index // self.classes
        return Image.fromarray(np.full((8, 8), 8 * label + number, np.uint8)), label


def batch(num_envs: int = 1, **kwargs: Any) -> Any:
    return gym.make_vec(ID, num_envs=num_envs, **{"size": SIZE, **kwargs})


def parts(seen: np.ndarray, size: int = SIZE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pictures, labels and whether these are shown."""
    return seen[:, : size**2], seen[:, size**2 : -1], seen[:, -1]


def test_a_lesson_shows_every_class_and_then_asks_about_other_pictures() -> None:
    rows, ways, shots, queries = 60, 3, 2, 2
    env = batch(
        rows, images=Stripes(), ways=ways, shots=shots, queries=queries, size=4, split="all"
    )
    seen, _ = env.reset(seed=0)
    classes, shown_labels, found = env.tasks["classes"], [], []
    for step in range(ways * shots + queries):
        pictures, labels, shown = parts(seen, 4)
        value = np.round(255 * pictures[:, 0]).astype(int)
        assert np.allclose(pictures, pictures[:, :1])
        right = (classes == value[:, None] // 8).argmax(axis=1)  # the picture tells its class
        assert (classes[np.arange(rows), right] == value // 8).all()
        assert (shown == (step < ways * shots)).all()
        assert (labels.sum(axis=1) == shown).all()
        if step < ways * shots:
            assert (labels.argmax(axis=1) == right).all()
            shown_labels.append(right)
        found.append(value)
        answers = np.where(np.arange(rows) % 2 == 0, right, (right + 1) % ways)
        seen, rewards, terminated, _, infos = env.step(answers)
        success = np.arange(rows) % 2 == 0
        assert (infos["success"] == success).all()
        assert (rewards == (success & (step >= ways * shots))).all()
        assert terminated.all() == (step == ways * shots + queries - 1)
    counts = np.stack([(np.array(shown_labels) == one).sum(axis=0) for one in range(ways)])
    assert (counts == shots).all()
    lesson, asked = np.array(found[: ways * shots]), np.array(found[ways * shots :])
    assert all(len(set(lesson[:, row])) == ways * shots for row in range(rows))
    assert not any(set(lesson[:, row]) & set(asked[:, row]) for row in range(rows))
    assert len({tuple(order) for order in np.array(shown_labels).T}) > 5


def test_pairs_for_supervised_learners_are_balanced_and_new() -> None:
    env = batch(images=Stripes(), ways=3, size=4, split="all").unwrapped
    tasks = env.sample_tasks(40, seed=0)
    x, y = env.draw_batch(np.random.default_rng(0), tasks, 9)
    assert x.shape == (40, 9, 16) and y.shape == (40, 9, 3) and x.dtype == np.float32
    value, label = np.round(255 * x[..., 0]).astype(int), y.argmax(axis=2)
    assert (tasks["classes"][np.arange(40)[:, None], label] == value // 8).all()
    assert (y[:, :3].sum(axis=1) == 1).all() and (y[:, 3:6].sum(axis=1) == 1).all()
    assert all(len(set(row)) == 9 for row in value.tolist())
    with pytest.raises(ValueError, match="n=13 pictures are 5 of each class.*with 4"):
        env.draw_batch(np.random.default_rng(0), tasks, 13)


def test_glyphs_are_the_same_everywhere_and_differ() -> None:
    whole = glyphs(SIZE)
    assert whole.shape == (334, 12, SIZE, SIZE) and len(set(CHARACTERS)) == 334
    means = whole.mean(axis=(2, 3))
    assert (means > 2).all() and (means < 160).all()  # ink, and not only ink
    tasks = [
        set(batch(split=split).sample_tasks(60, 0)["classes"].ravel())
        for split in ("train", "test")
    ]
    assert not tasks[0] & tasks[1] and len(tasks[1]) > 50
    held_out = batch().unwrapped._held_out
    assert held_out.sum() == 83 and not held_out[list(tasks[0])].any()


def test_who_knows_the_classes_is_always_right_and_chance_is_one_in_five() -> None:
    kwargs = {"size": SIZE}
    told = evaluate(baselines.Expert(), ID, num_tasks=30, env_kwargs=kwargs)
    assert (told.returns == 5).all()
    chance = evaluate(baselines.Random(), ID, num_tasks=200, env_kwargs=kwargs)
    assert chance.total()[0] == pytest.approx(1.0, abs=4.5 * np.sqrt(5 * 0.16 / 200))


def test_folders_arrays_and_names_are_read(tmp_path: Any) -> None:
    for alphabet in ("latin", "greek"):
        for letter in range(3):
            folder = tmp_path / alphabet / f"character{letter}"
            folder.mkdir(parents=True)
            for number in range(2):  # dark ink on white, as Omniglot's
                page = np.full((10, 10), 255, np.uint8)
                page[letter * 3 : letter * 3 + 2, number] = 0
                Image.fromarray(page).save(folder / f"{number}.png")
    read = Classes(str(tmp_path), 10, rotations=False)
    assert len(read) == 6 and read.counts.tolist() == [2] * 6
    first = read.pictures[0].reshape(10, 10)
    assert first[0, 0] == 255 and first.sum() == 2 * 255  # ink is bright, greek before latin
    turned = Classes(str(tmp_path), 10, rotations=True)
    assert len(turned) == 24
    np.testing.assert_array_equal(turned.pictures[2].reshape(10, 10), np.rot90(first))
    named = Classes(f"{__name__}:Stripes", 8, rotations=False)
    assert len(named) == 12 and (named.pictures[:4, 0] == [0, 1, 2, 3]).all()
    numbers = [(np.full((1, 4, 4), 0.2, np.float32), 0), (np.full((4, 4, 3), 0.4), 1)]
    assert Classes(numbers, 4, rotations=False).pictures[:, 0].tolist() == [51, 102]


def test_turned_classes_are_held_out_together() -> None:
    env = batch(images=Stripes(), ways=2, size=4, rotations=True).unwrapped
    sides = env._held_out.reshape(12, 4)
    assert (sides == sides[:, :1]).all() and sides[:, 0].sum() == 3


def test_what_cannot_be_is_refused(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="is no folder; Omniglot's are"):
        batch(images=str(tmp_path / "none"))
    with pytest.raises(ValueError, match="holds no class"):
        batch(images=str(tmp_path))
    with pytest.raises(TypeError, match="images=3 must be a folder"):
        batch(images=3)
    with pytest.raises(ValueError, match="ways=5 needs as many classes on each side"):
        batch(images=Stripes())
    with pytest.raises(ValueError, match="shots=4 leaves no picture to ask about"):
        batch(images=Stripes(), ways=2, shots=4)
    env = batch()
    with pytest.raises(ValueError, match="has a class twice"):
        env.set_tasks([{"classes": np.array([1, 2, 1, 4, 5])}])
