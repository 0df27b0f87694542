"""`metazoo video`: a film of a trial, with the task in every picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import agents
from agents.cli import screens, video
from agents.cli.main import main

GRID = "meta/GridNavi-v0"


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)


def test_a_gif_has_every_step_under_a_caption(capsys, tmp_path):
    words = ["video", GRID, "--agent", "grid-oracle", "--out", "a.gif", "--fps", "10"]
    assert main([*words, "--episodes", "2", "--seed", "3"]) == 0
    shown = capsys.readouterr().out
    assert "GridOracle" in shown and "written: a.gif" in shown and "the task was goal" in shown
    with Image.open(tmp_path / "a.gif") as picture:
        # every picture differs from the one before: the caption counts the steps
        assert picture.n_frames == 2 * 16
        first = np.asarray(picture.convert("RGB"))
        picture.seek(1)
        second = np.asarray(picture.convert("RGB"))
    strip = first.shape[0] - 530  # GridNavi's picture is that high
    assert strip > 40 and (first[:strip] != second[:strip]).any()


def test_captions_say_all(monkeypatch):
    told = []
    monkeypatch.setattr(
        video, "under_caption", lambda picture, lines: told.append(lines) or picture
    )
    words = ["video", GRID, "--out", "a.gif", "--episodes", "1", "--env-kwargs", "steps=2"]
    assert main(words) == 0
    assert len(told) == 3
    assert told[0][0] == "Random() on meta/GridNavi-v0" and told[0][1].startswith("goal = [")
    assert [line[2].split("   ")[:2] for line in told] == [
        ["episode 1 of 1", f"step {step}"] for step in range(3)
    ]
    assert all("return" in line[2] for line in told)


def test_an_mp4_is_a_film(capsys, tmp_path):
    imageio = pytest.importorskip("imageio.v2")
    pytest.importorskip("imageio_ffmpeg")
    words = ["video", GRID, "--episodes", "1", "--fps", "15", "--env-kwargs", "steps=4"]
    assert main([*words, "--out", "films"]) == 0
    film = tmp_path / "films" / "video-Random-GridNavi-v0-s0.mp4"
    with imageio.get_reader(film) as reader:
        frames = [frame.shape for frame in reader]
        assert reader.get_meta_data()["fps"] == 15
    assert len(frames) == 1 + 4 + 15 and set(frames) == {(596, 480, 3)}
    assert [file.name for file in film.parent.iterdir()] == [film.name]  # no draft stays


def test_films_take_odd_sizes(tmp_path):
    imageio = pytest.importorskip("imageio.v2")
    pytest.importorskip("imageio_ffmpeg")
    film = screens.Film(tmp_path / "odd.mp4", 5)
    for shade in (0, 100, 200):
        film.show(np.full((33, 47, 3), shade, dtype=np.uint8), 0.0)
    film.close()
    with imageio.get_reader(tmp_path / "odd.mp4") as reader:
        frames = [frame for frame in reader]  # `list` asks for its length first
    assert [frame.shape for frame in frames] == [(34, 48, 3)] * 3
    assert np.allclose([frame.mean() for frame in frames], (0, 100, 200), atol=6)


def test_without_ffmpeg_an_mp4_is_refused_and_a_gif_is_written(monkeypatch, capsys, tmp_path):
    find_spec = screens.importlib.util.find_spec
    monkeypatch.setattr(
        screens.importlib.util,
        "find_spec",
        lambda name, *more: None if "imageio" in name else find_spec(name, *more),
    )
    assert main(["video", GRID, "--out", "a.mp4"]) == 2
    said = capsys.readouterr().err
    assert 'pip install "metazoo[video]"' in said and ".gif" in said and said.count("\n") == 1
    assert main(["video", GRID, "--episodes", "1", "--env-kwargs", "steps=2"]) == 0
    assert (tmp_path / "video-Random-GridNavi-v0-s0.gif").is_file()


def test_fast_families_leave_pictures_out():
    assert screens.pace(4.0) == (1, 4.0)
    assert screens.pace(30.0) == (1, 30.0)
    assert screens.pace(125.0) == (4, 31.25)


def test_long_captions_are_shortened():
    picture = np.zeros((10, 300, 3), dtype=np.uint8)
    plain, long = (video.under_caption(picture, [words]) for words in ("a", "mass " * 200))
    assert plain.shape == long.shape and (long[-10:] == 0).all()
    assert (long[5:20, -8:] == long[5, -1]).all()  # nothing runs out of the picture


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--out", "a.avi"], "must be a .mp4 or .gif file or a folder"),
        (["--fps", "0"], "--fps 0.0 must be more than 0"),
        (["--agent", "nobody"], "no agent 'nobody'"),
    ],
)
def test_wrong_flags(more, said, capsys):
    assert main(["video", GRID, *more]) == 2
    shown = capsys.readouterr().err
    assert said in shown and shown.count("\n") == 1


def test_help_is_worth_reading(capsys):
    assert main(["video", "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("--agent", "--episodes", "--seed", "--out", "MUJOCO_GL", "metazoo[video]", ".gif"):
        assert word in shown


def test_all_skills_are_in_one_film(capsys, tmp_path):
    kwargs = {"max_episode_steps": 3, "terminate": False}
    agents.DIAYN(
        "MlpPolicy", "meta/PointNavigation-v0", env_kwargs=kwargs, n_skills=3, preset=None
    ).save(tmp_path / "skilled.zip")
    words = ["video", "--agent", "skilled.zip", "--skills", "--out", "all.gif", "--fps", "10"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "skill 2:   return" in shown and "written: all.gif" in shown
    with Image.open(tmp_path / "all.gif") as picture:
        assert picture.n_frames == 4 and picture.width == 400  # two by two, the last one empty
        pixels = np.asarray(picture.convert("RGB"))
    assert np.ptp(pixels[-50:, -150:]) < 8 < np.ptp(pixels[-50:, :150])
    assert main(["video", GRID, "--agent", "grid-oracle", "--skills", "--out", "b.gif"]) != 0
    assert "has no skills" in capsys.readouterr().err
