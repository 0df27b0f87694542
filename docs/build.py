"""Build the site into build/docs/html: `make docs`, or

    python -m docs.build --strict --keep

Draws the films and curves, writes the pages, runs Sphinx (with --strict a warning is an error) and
checks what came out (`docs/check_site.py`). With --keep, films of an earlier build are not drawn
again.
"""  # noqa: D400, D415

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from docs import check_site
from docs.making import listing
from docs.making.write import write

BUILD = listing.ROOT / "build" / "docs"


def main() -> int:
    """Build and check; return 0 if all is well."""
    began = time.monotonic()
    source, html = BUILD / "source", BUILD / "html"
    if "--keep" not in sys.argv[1:]:
        shutil.rmtree(BUILD / "films", ignore_errors=True)
    write(source, BUILD / "films")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s: pages, films and curves are written\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-E", "-j", "2"]
    command += ["-W", "--keep-going"] if "--strict" in sys.argv[1:] else []
    command += [str(source), str(html)]
    if subprocess.run(command, cwd=listing.ROOT, check=False).returncode:
        return 1
    sys.stdout.write(f"{time.monotonic() - began:.0f} s: built {html / 'index.html'}\n")
    failed = check_site.check(html, BUILD / "screens")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s: checked\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
