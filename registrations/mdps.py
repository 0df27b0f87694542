"""Table of the mdps."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = ()
