"""Draw two of the pictures of README.md: a film of adapting, and the gallery.

    make docs && python -m docs.readme_pictures

The film is of a trial on GridNavi by a learner made by hand, which looks for the hidden goal and
then returns to it; the gallery is a screenshot of the site that was built.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from agents import baselines
from docs.build import BUILD
from docs.check_site import BROWSERS, Browser
from docs.making import films, listing

IMAGES = listing.ROOT / "docs" / "images"
ID, EPISODES, STEPS = "meta/GridNavi-v0", 4, 15
SEED = 7  # of a task in which the goal is found in the third of four episodes
SIZE = (1100, 900)  # of the screenshot, pixels


def main() -> None:
    """Draw both."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    shown = films.pictures(ID, baselines.GridPosteriorSampling(), EPISODES * (STEPS + 1), SEED)
    films.save(shown, IMAGES / "gridnavi.gif")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"the gallery needs one of {', '.join(BROWSERS)}")
    file = IMAGES / "gallery.png"
    with tempfile.TemporaryDirectory() as profile:
        arguments = [f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={file}"]
        page = (BUILD / "html" / "gallery.html").resolve().as_uri()
        Browser(browser, Path(profile))("gallery", *arguments, page)
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


if __name__ == "__main__":
    main()
