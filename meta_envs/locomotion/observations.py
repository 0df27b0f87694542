"""What learners observe: parts of MuJoCo's state, named so that a table row can combine them.

A part is `"FIELD"`, `"FIELD:FIRST"` or `"FIELD:FIRST:LIMIT"`: a field of `MjData`, without the
entries before the index `FIRST` (coordinates of `qpos` and `qvel`, bodies of `cfrc_ext`, `cinert`,
`cvel`), clipped to plus and minus `LIMIT`. `"main_xmat"` and `"main_com"` are the main body's
orientation (9 numbers) and origin (3). N rows, R some of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from ..physics.bodies import Physics

_FIELDS = ("qpos", "qvel", "cinert", "cvel", "cfrc_ext", "qfrc_actuator", "xpos", "xmat")
_MAIN = {"main_xmat": "xmat", "main_com": "xpos"}
_MAIN_BODY = 1  # after the world


@dataclass(frozen=True)
class Part:
    """One part of an observation, read from a text."""

    field: str
    first: int = 0
    limit: float | None = None
    only: int | None = None  # a single body

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read a part.

        Raises:
            ValueError: If the text does not name a part.
        """
        name, *numbers = str(text).split(":")
        if name in _MAIN and not numbers:
            return cls(_MAIN[name], only=_MAIN_BODY)
        try:
            first = int(numbers[0]) if numbers else 0
            limit = float(numbers[1]) if len(numbers) > 1 else None
            known = name in _FIELDS and len(numbers) <= 2 and first >= 0
        except ValueError:
            known = False
        if not known or (limit is not None and not limit > 0):
            raise ValueError(
                f"observation part {text!r} is unknown; a part is FIELD, FIELD:FIRST or "
                f"FIELD:FIRST:LIMIT with FIELD one of {[*_FIELDS, *_MAIN]}"
            )
        return cls(name, first, limit)

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return this part of a field's values, [R, ...] -> [R, width]."""
        chosen = values[:, self.only] if self.only is not None else values[:, self.first :]
        if self.limit is not None:
            chosen = np.clip(chosen, -self.limit, self.limit)
        return chosen.reshape(len(values), -1)


class Observations:
    """Builds observations float64 [R, D] from physics.

    Args:
        parts: Parts, written as text.
        contact_forces: Whether parts of `cfrc_ext` are kept; the published results were made with
            a MuJoCo that reported zeros there.
        contact_force_limit: Contact forces are clipped to plus and minus this; None: not.

    Raises:
        ValueError: If there is no part, or a text does not name one.
    """

    def __init__(
        self,
        parts: Sequence[str],
        contact_forces: bool,
        contact_force_limit: float | None,
    ):
        if not parts:
            raise ValueError(f"observation={parts!r} is empty; an observation has at least a part")
        parsed = [Part.parse(text) for text in parts]
        if not contact_forces:
            parsed = [part for part in parsed if part.field != "cfrc_ext"]
        self.parts = [
            Part(part.field, part.first, contact_force_limit)
            if part.field == "cfrc_ext" and part.limit is None
            else part
            for part in parsed
        ]

    def size(self, model: mujoco.MjModel) -> int:
        """Return D for a body.

        Raises:
            ValueError: If a part is empty.
        """
        data = mujoco.MjData(model)
        sizes = [part.of(np.asarray(getattr(data, part.field))[None]).size for part in self.parts]
        for part, size in zip(self.parts, sizes, strict=True):
            if not size:
                held = len(getattr(data, part.field))
                raise ValueError(
                    f"observation part '{part.field}:{part.first}' is empty; "
                    f"this body has {held} of {part.field}"
                )
        return sum(sizes)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `MjData` that observations are made of."""
        return tuple(dict.fromkeys(part.field for part in self.parts))

    def every_row(self, read: dict[str, np.ndarray]) -> np.ndarray:
        """Return observations of every row, [N, D], given those fields [N, ...]."""
        return np.concatenate([part.of(read[part.field]) for part in self.parts], axis=1)

    def of_rows(self, physics: Physics, rows: np.ndarray) -> np.ndarray:
        """Return observations of some rows, [R, D]."""
        return np.concatenate(
            [part.of(physics.read_rows(part.field, rows)) for part in self.parts], axis=1
        )
