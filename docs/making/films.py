"""Films of task distributions: short GIFs of a learner at play, drawn while the site is built."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import listing, pretrained

FOLDER = "_static/films"  # in the site
_PICTURES = 20  # of a film
_WIDTH = 300  # pixels
_COLORS = 96
_MILLISECONDS = 180  # between two pictures
_LAST = 1200  # that the last one stays
_SEED = 1


@dataclass(frozen=True)
class Film:
    """A film of an id at play.

    Args:
        id: What is played.
        player: Who plays it.
        path: Of the GIF, from the root of the site.
        still: Of its last picture.
        alt: What it shows.
        agent: The pretrained agent that plays, by its name on the command line; empty for
            learners made by hand.
    """

    id: str
    player: str
    path: str
    still: str
    alt: str
    agent: str = ""


def draw(ids: Iterable[str], site: Path, kept: Path, processes: int = 2) -> dict[str, Film]:
    """Draw films; those whose family cannot be made here, for want of an extra, are left out.

    Args:
        ids: Of what.
        site: Folder that is the root of the site.
        kept: Folder in which films stay; what is there already is not drawn again.
        processes: That draw.
    """
    kept.mkdir(parents=True, exist_ok=True)
    # outlines of bodies: the same on every machine, with a graphics card or without
    os.environ.update(MUJOCO_GL="disabled", SDL_VIDEODRIVER="dummy", OMP_NUM_THREADS="1")
    names = list(ids)
    with ProcessPoolExecutor(processes) as pool:
        made = [*pool.map(film, names, [kept] * len(names))]
    shutil.copytree(kept, site / FOLDER, ignore=shutil.ignore_patterns("*.json"))
    return {one.id: one for one in made if one is not None}


def film(id: str, kept: Path) -> Film | None:
    """Draw a film of an id, or read what is known of one that is kept; None without its extra."""
    import meta_envs

    note = kept / f"{listing.short(id)}.json"
    if note.exists():
        return Film(**json.loads(note.read_text(encoding="utf-8")))
    try:
        agent, player, number = _filmed(id, note.with_suffix(".gif"))
    except ImportError:
        return None
    alt = f"{meta_envs.card(id).summary}: {number} pictures of {player} at play."
    name = f"{FOLDER}/{listing.short(id)}"
    made = Film(id, player, f"{name}.gif", f"{name}.png", alt, agent)
    note.write_text(json.dumps(dataclasses.asdict(made)), encoding="utf-8")  # last: it is whole
    return made


def _filmed(id: str, path: Path) -> tuple[str, str, int]:
    """Write a film and its last picture; return agent (or nothing), player, and its length."""
    from PIL import Image

    agent, found = "", pretrained.best(id)
    if found is None:
        player, shown = _played(id)
    else:
        agent, card = found[1]["agent"], found[1]
        player = listing.agent_class(agent).__name__
        ready = pretrained.FOLDER / found[0] / "film.gif"
        if ready.exists():
            shutil.copyfile(ready, path)
            with Image.open(path) as film:
                film.seek(film.n_frames - 1)
                film.convert("RGB").quantize(_COLORS).save(path.with_suffix(".png"), optimize=True)
                return agent, player, film.n_frames
        shown = pictures(id, pretrained.load(found[0]), env_kwargs=card["env_kwargs"])
    save(shown, path)
    shown[-1].save(path.with_suffix(".png"), optimize=True)
    return agent, player, len(shown)


def save(pictures: list[Any], path: Path) -> None:
    """Write pictures as a film that begins again after a while."""
    first, *others = pictures
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[_MILLISECONDS] * len(others) + [_LAST],
        loop=0,
    )


def _played(id: str) -> tuple[str, list[Any]]:
    """Return who played, and pictures of it."""
    from agents import baselines

    candidates: list[Any] = [
        baselines.Thompson(),
        baselines.Thompson(model="gaussian"),
        baselines.PSRL(),
        baselines.GridPosteriorSampling(),
        baselines.Expert(),
        baselines.Random(),
    ]
    refused: Exception | None = None
    for player in candidates:
        try:
            return type(player).__name__, pictures(id, player)
        except ImportError:
            raise
        except (TypeError, ValueError, AttributeError, KeyError, NotImplementedError) as wrong:
            refused = wrong  # a baseline of other tasks
    raise RuntimeError(f"no baseline plays {id}") from refused


class _EnoughError(Exception):
    """The film is full."""


def pictures(
    id: str,
    player: Any,
    most: int = _PICTURES,
    seed: int = _SEED,
    env_kwargs: Mapping[str, Any] | None = None,
) -> list[Any]:
    """Return pictures of a trial, small and of few colours.

    Args:
        id: What is played, on tasks that are held out.
        player: An agent or a baseline.
        most: Pictures; the trial is left after so many.
        seed: Of the task, the episodes and the player.
        env_kwargs: Arguments of the id.
    """
    from PIL import Image

    from agents.cli.trials import Moment, make_one, play_trial
    from agents.core.evaluation.acting import as_trained

    venv = make_one(id, dict(env_kwargs or {}), None, None, True)
    every = max(round(venv.metadata["render_fps"] / 12), 1)  # of fast bodies some are left out
    shown: list[Any] = []

    def show(moment: Moment) -> None:
        if not (moment.over or moment.step % every == 0):
            return
        image = Image.fromarray(venv.render()[0])
        height = round(image.height * _WIDTH / image.width)
        small = image.resize((_WIDTH, height), Image.Resampling.LANCZOS)
        shown.append(small.quantize(_COLORS, dither=Image.Dither.NONE))
        if len(shown) >= most:
            raise _EnoughError

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_EnoughError):
        play_trial(venv, as_trained(player), seed, False, show)
    venv.close()
    return shown
