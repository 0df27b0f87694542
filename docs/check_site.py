"""Check the built site: links, and in a headless Chromium pages, console and the gallery's speed.

    python -m docs.check_site build/docs/html SCREENS

The screenshots, three pages at two widths, go to SCREENS. Where there is no Chromium, only links
and texts are checked, and it says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

PAGES = ("index", "gallery", "environments/mazes")
SIZES = ((390, 844), (1280, 900))  # a phone's and a desk's
SECONDS = 1.0  # in which the gallery has to be there, from disk
TRIES = 5  # the best counts: the machine may be busy
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LINKS = ("href", "src", "srcset", "data-film")  # what names another file
_DARK = "--blink-settings=preferredColorScheme=0"
_LAZY = "--blink-settings=lazyLoadEnabled=true"  # as with a window: headless loads all pictures
# Loads each page at a phone's width, and writes how long it took and how wide it wanted to be.
_PROBE = """<!doctype html><title>probe</title><script>
const pages = PAGES, frame = document.createElement("iframe");
frame.width = WIDTH; frame.height = 800;
function filtered() {  // what kinds of cards are left when only films are asked for
  const form = frame.contentDocument.getElementById("filters");
  if (!form) return null;
  form.elements.kind.value = "film";
  form.dispatchEvent(new Event("change"));
  const cards = [...frame.contentDocument.querySelectorAll("#wall .card")];
  return [...new Set(cards.filter((card) => !card.hidden).map((card) => card.dataset.kind))];
}
function next() {
  const page = pages.shift();
  if (!page) return;
  const began = performance.now();
  frame.onload = () => {
    const seconds = (performance.now() - began) / 1000;
    const wide = frame.contentDocument.documentElement.scrollWidth;
    console.log("PROBE " + JSON.stringify({page, seconds, wide, kinds: filtered()}));
    next();
  };
  frame.src = page + ".html";
  if (!frame.isConnected) document.body.append(frame);
}
document.write("<body>"); next();
</script>"""


class _Page(HTMLParser):
    """Links, anchors and pictures of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.silent: list[str] = []  # pictures without a text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        given = dict(attrs)
        self.anchors |= {given[key] or "" for key in ("id", "name") if key in given}
        self.links += [given[key] or "" for key in _LINKS if key in given]
        if tag == "img" and not given.get("alt"):
            self.silent.append(given.get("src") or "")


def check(html: Path, screens: Path) -> bool:
    """Return whether something is wrong, having printed what.

    Args:
        html: The built site.
        screens: Folder for screenshots.
    """
    wrong = [*texts(html)]
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        _say(f"no screenshots: none of {', '.join(BROWSERS)} is installed")
    else:
        screens.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as profile:
            wrong += seen(Browser(browser, Path(profile)), html, screens)
    for line in wrong:
        _say(f"wrong: {line}")
    return bool(wrong)


def texts(html: Path) -> Iterator[str]:
    """Yield what is wrong with links and texts of pictures."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in html.rglob("*.html")}
    for path, page in pages.items():
        where = path.relative_to(html)
        yield from (f"{where}: {picture} has no alt text" for picture in page.silent)
        for link in page.links:
            address, anchor = urldefrag(link)
            if re.match(r"[a-z]+:|//", address):  # elsewhere
                continue
            target = (path.parent / unquote(address.partition("?")[0])) if address else path
            target = target.resolve()
            if not target.exists():
                yield f"{where}: {link} does not exist"
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                yield f"{where}: {link} has no such place"


class Browser:
    """A headless browser.

    Args:
        command: The program.
        profile: Folder for its own files.
    """

    def __init__(self, command: str, profile: Path):
        self.command, self.profile = command, profile

    def __call__(self, name: str, *arguments: str) -> str:
        """Run it and return its log; `name` tells runs at the same time apart."""
        words = [self.command, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += ["--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0", "--mute-audio"]
        words += ["--allow-file-access-from-files", f"--user-data-dir={self.profile / name}"]
        done = subprocess.run(
            [*words, *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        return done.stderr


def seen(browser: Browser, html: Path, screens: Path) -> list[str]:
    """Return what is wrong with the pages as a browser shows them."""
    jobs = [(page, size, "") for page in PAGES for size in SIZES]
    jobs += [("gallery", size, "-dark") for size in SIZES]

    def shoot(job: tuple[str, tuple[int, int], str]) -> list[str]:
        page, (width, height), theme = job
        name = f"{page.replace('/', '-')}-{width}{theme}"
        file = screens / f"{name}.png"
        file.unlink(missing_ok=True)
        arguments = [f"--window-size={width},{height}", f"--screenshot={file}"]
        arguments += [_DARK] if theme else []
        log = browser(name, *arguments, (html / f"{page}.html").resolve().as_uri())
        return [*_console(log, name), *_picture(file, width, height)]

    with ThreadPoolExecutor(2) as pool:
        wrong = [line for lines in pool.map(shoot, jobs) for line in lines]
    return wrong + _probed(browser, html)


def _probed(browser: Browser, html: Path) -> list[str]:
    """Return what is wrong with speed, width and console of pages at a phone's width."""
    width = SIZES[0][0]
    pages = ["index", *["gallery"] * TRIES, *sorted(_names(html))]  # the first starts the browser
    probe = html / "probe.html"
    code = _PROBE.replace("PAGES", json.dumps(pages)).replace("WIDTH", str(width))
    probe.write_text(code, encoding="utf-8")
    try:
        # dumping waits until every frame has been loaded
        log = browser("probe", _LAZY, "--dump-dom", "--timeout=60000", probe.resolve().as_uri())
    finally:
        probe.unlink()
    found = [json.loads(one) for one in re.findall(r'"PROBE (\{.*?\})"', log)]
    wrong = [line for line in _console(log, "at a phone's width") if "PROBE" not in line]
    wrong += [f"{page} was not loaded" for page in pages if page not in {x["page"] for x in found}]
    wrong += [f"{x['page']}: {x['wide']} px wide" for x in found if x["wide"] > width]
    kinds = [x["kinds"] for x in found if x["page"] == "gallery"]
    wrong += [f"gallery: asked for films it shows {one}" for one in kinds if one != ["film"]]
    seconds = min((x["seconds"] for x in found if x["page"] == "gallery"), default=0.0)
    _say(f"the gallery is loaded after {seconds:.2f} s; {len(found)} pages fit a phone")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1):
        _say(f"the machine is busy, so that the gallery's {SECONDS} s are not asked for")
    elif seconds > SECONDS:
        wrong.append(f"the gallery takes {seconds:.2f} s; it should take {SECONDS} s")
    return wrong


def _names(html: Path) -> Iterator[str]:
    """Yield a page of each kind."""
    kinds: dict[Path, Path] = {}
    for path in sorted(html.rglob("*.html")):
        kinds.setdefault(path.parent, path)
    top = [path for path in html.glob("*.html") if path.stem not in ("index", "gallery", "probe")]
    for path in {*kinds.values(), *top}:
        yield path.relative_to(html).with_suffix("").as_posix()


def _console(log: str, where: str) -> list[str]:
    """Return what pages wrote to the console: ours write nothing, so it is errors."""
    return [f"{where}: {line}" for line in re.findall(r"CONSOLE[^\]]*\] (.*)", log)]


def _picture(file: Path, width: int, height: int) -> list[str]:
    """Return what is wrong with a screenshot."""
    from PIL import Image

    if not file.exists():
        return [f"{file.name}: there is no screenshot"]
    with Image.open(file) as image:
        colors = image.convert("RGB").getcolors(1 << 24) or []
        if image.size != (width, height):
            return [f"{file.name} is {image.size}, not {(width, height)}"]
    return [] if len(colors) > 50 else [f"{file.name} is blank: {len(colors)} colours"]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(int(check(Path(sys.argv[1]), Path(sys.argv[2]))))
