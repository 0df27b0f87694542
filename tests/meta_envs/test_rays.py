"""The ray caster: distances worked out by hand, what hides what, and frames row by row."""

from __future__ import annotations

import numpy as np
import pytest

from meta_envs.mazes.grown import grow_maze
from meta_envs.pictures.rays import HEADINGS, RayCaster, Sprite, ahead_of, enlarged

QUARTER = HEADINGS // 4
CEILING, FLOOR, WALL = (1, 2, 3), (4, 5, 6), (200, 100, 50)
RED = np.full((4, 4, 4), (250, 0, 0, 255), np.uint8)


def room(across: int, down: int) -> np.ndarray:
    walls = np.ones((1, down + 2, across + 2), np.uint8)
    walls[:, 1:-1, 1:-1] = 0
    return walls


def caster(**more: object) -> RayCaster:
    given = {"width": 41, "height": 40, "view": 90.0, "walls": (WALL,), **more}
    return RayCaster(ceiling=CEILING, floor=FLOOR, **given)  # type: ignore[arg-type]


def kinds(frame: np.ndarray, column: int) -> str:
    """Return what a column shows, from above: ceiling, wall or floor."""
    return "".join(
        "c" if tuple(pixel) == CEILING else "f" if tuple(pixel) == FLOOR else "w"
        for pixel in frame[:, column].tolist()
    )


@pytest.mark.parametrize(("heading", "far"), [(0, 6.5), (QUARTER, 2.5), (2 * QUARTER, 1.5)])
def test_a_wall_is_as_high_as_it_is_near(heading: int, far: float) -> None:
    draws, walls = caster(), room(8, 4)
    frame = draws.frames(walls, np.array([[2.5, 2.5]]), np.array([heading]))[0]
    middle = kinds(frame, 20)
    high = int(draws._focal * 0.5 / far + 0.5)  # pixels above and below the horizon
    assert middle == "c" * (20 - high) + "w" * (2 * high) + "f" * (20 - high)
    if heading:  # a wall that is faced is level
        assert kinds(frame, 15) == middle


def test_rays_meet_the_walls_that_geometry_says() -> None:
    """Against stepping along each ray in tiny strides."""
    rng = np.random.default_rng(0)
    walls = np.stack([grow_maze(9, rng) for _ in range(6)]).astype(np.uint8)
    cells = [np.argwhere(one == 0)[rng.integers(20)][::-1] for one in walls]
    places = np.stack(cells) + rng.uniform(0.2, 0.8, (6, 2))
    headings = rng.integers(HEADINGS, size=6)
    draws = caster()
    depths, *_ = draws._cast(walls, places, ahead_of(headings))
    ahead = ahead_of(headings)
    strides = np.arange(0.0, 14.0, 1e-3)
    for row in range(6):
        sideways = np.array([-ahead[row, 1], ahead[row, 0]])
        for column in (0, 17, 33):
            way = ahead[row] + sideways * draws._across[column] * draws._slope
            cells = np.floor(places[row] + strides[:, None] * way).astype(int).clip(0, 8)
            met = strides[np.argmax(walls[row, cells[:, 1], cells[:, 0]] > 0)]
            assert depths[row, column] == pytest.approx(met, abs=2e-3)


def test_frames_do_not_depend_on_the_number_of_rows() -> None:
    rng = np.random.default_rng(1)
    count = 70  # more than are drawn at a time
    walls = np.stack([grow_maze(7, rng) for _ in range(count)]).astype(np.uint8)
    places = np.stack([np.argwhere(one == 0)[0][::-1] + 0.5 for one in walls])
    headings = rng.integers(HEADINGS, size=count)
    draws = caster(sprites=(Sprite(RED, 0.5, 0.5),), width=12, height=10)
    goals = np.stack([np.argwhere(one == 0)[2][::-1] + 0.5 for one in walls])[:, None]
    where = np.zeros((count, 1), dtype=int)
    whole = draws.frames(walls, places, headings, where, goals)
    for row in range(0, count, 7):
        one = slice(row, row + 1)
        alone = draws.frames(walls[one], places[one], headings[one], where[one], goals[one])
        assert np.array_equal(alone[0], whole[row])
    assert (whole == (250, 0, 0)).all(axis=3).any()


def test_sprites_are_hidden_by_walls_and_by_nearer_ones() -> None:
    blue = np.full((4, 4, 4), (0, 0, 250, 255), np.uint8)
    seen_through = RED.copy()
    seen_through[:2, :, 3] = 0
    sprites = (Sprite(RED, 1.0, 1.0), Sprite(blue, 1.0, 1.0), Sprite(seen_through, 1.0, 1.0))
    draws, walls = caster(sprites=sprites), room(8, 3)
    eye, ahead = np.array([[1.5, 2.5]]), np.zeros(1, dtype=int)

    def middle(kinds: list[int], x: list[float]) -> list[tuple[int, ...]]:
        where = np.array([[(one, 2.5) for one in x]])
        frame = draws.frames(walls, eye, ahead, np.array([kinds]), where)[0]
        return [tuple(frame[row, 20].tolist()) for row in (18, 21)]

    red, blues = (250, 0, 0), (0, 0, 250)
    assert middle([0], [3.5]) == [red, red]
    assert middle([0, 1], [3.5, 4.5]) == [red, red]
    assert middle([0, 1], [4.5, 3.5]) == [blues, blues]
    assert middle([2, 1], [3.5, 4.5]) == [blues, red]
    assert middle([-1, 1], [3.5, 4.5]) == [blues, blues]
    wall = middle([0], [-3.5])  # behind
    walls[0, 2, 3] = 1
    assert middle([0], [5.5])[0] not in (red, blues)
    assert wall[0] not in (red, blues)


def test_headings_and_pages() -> None:
    turned = ahead_of(np.array([0, QUARTER, 2 * QUARTER]))
    assert np.allclose(turned, [[1, 0], [0, 1], [-1, 0]])
    with pytest.raises(ValueError, match="height=9 has no middle"):
        RayCaster(height=9)
    frame, plan = np.full((4, 6, 3), 7, np.uint8), np.full((20, 10, 3), 9, np.uint8)
    page = enlarged(frame, plan)
    assert page.shape == (20, 40, 3) and (page[:, 30:] == 9).all() and (page[5, 5] == 7).all()
