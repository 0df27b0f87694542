"""`metazoo describe`: all about a task distribution."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from . import find, ids
from .values import EnvKwargs, unless


def describe(
    id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")],
    env_kwargs: EnvKwargs = None,
    out: Annotated[str | None, unless("no picture", "FILE")] = None,
) -> int:
    """Tell all about a task distribution, with the numbers that are in force.

    Its tasks, spaces, splits and reward, its presets, what chance and an oracle reach; and a
    picture.

    For example:
      metazoo describe meta/GridNavi-v0
      metazoo describe meta/HalfCheetahVel-v0 --env-kwargs source=maml --out cheetah.png

    Args:
        id: Task distribution (mypkg:mine/X-v0 imports mypkg first).
        env_kwargs: Arguments of the task distribution.
        out: Draw the start of a task into this file.
    """
    ids.distribution(id)
    from ..runs.describe import describe as describe_

    found = describe_(id, env_kwargs=env_kwargs)
    print(found, flush=True)
    if out is not None:
        from PIL import Image

        if Path(out).suffix.lower() not in Image.registered_extensions():
            raise find.UsageError(f"--out {out} must be a picture, e.g. {Path(out).stem}.png")
        Image.fromarray(found.picture()).save(out)
        print(f"\npicture: {out}")
    return 0
