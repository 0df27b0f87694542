"""The building blocks of Meta-World's rewards, for R rows at once.

R rows; values [R] are float64. Where upstream computes in single precision (an action is float32,
and so is its result with a Python number), `rounding` does the same, operation by operation: then
both agree to the last bits.

No row's value depends on another row, bit for bit: only elementwise operations and sums of two
or three numbers.

Source: metaworld 3.1.1 (MIT), `metaworld.utils.reward_utils` and
`SawyerXYZEnv._gripper_caging_reward`; the tolerances are dm_control's.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable

import numpy as np

Rounding = Callable[[np.ndarray], np.ndarray]

_ABOVE_ZERO = math.nextafter(0.0, 1.0)
_AT_MARGIN = 0.1  # a tolerance's value one margin outside its bounds
_LONG_TAIL = math.sqrt(1 / _AT_MARGIN - 1)
_SHARP = 1e-100  # m, a margin that replaces 0
_CAGED = 0.97  # fingers that are around an object as well as this are told to close


def _exactly(values: np.ndarray) -> np.ndarray:
    return values


def length(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths [R] of vectors [R, 2 or 3]."""
    squares = np.add.reduce(vectors * vectors, axis=-1)
    return np.sqrt(squares, out=squares)


def distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances [R] of points [R, 2 or 3] from others, in metres."""
    return length(points - others)


def rounding(single: np.ndarray) -> Rounding:
    """Return a function that rounds to float32 the rows that upstream computes in float32.

    A sum, difference, product or quotient of two float32 numbers is the same whether computed in
    float32, or in float64 and then rounded, so rounding after each operation is enough.

    Args:
        single: Whether upstream computes this row in single precision [R].

    Returns:
        A function of values [R], which returns float64.
    """
    if not single.any():
        return _exactly
    return lambda values: np.where(single, values.astype(np.float32), values)


def rounding_but(double: np.ndarray, rounded: Rounding) -> Rounding:
    """Return a rounding that leaves alone the rows marked in `double` [R]."""
    if rounded is _exactly:
        return _exactly
    return lambda values: np.where(double, values, rounded(values))


def tolerance(
    values: np.ndarray,
    bounds: tuple[float, float] = (0.0, 0.0),
    margin: float | np.ndarray = 0.0,
    sigmoid: str = "gaussian",
    value_at_margin: float = _AT_MARGIN,
) -> np.ndarray:
    """Return 1 inside the bounds, and less the farther outside, in [0, 1].

    Args:
        values: Values to be scored [R, ...].
        bounds: The lowest and highest value that get 1.
        margin: Distance outside at which `value_at_margin` is reached, a number or of values'
            shape; where it is 0, everything outside gets 0.
        sigmoid: How it falls: `"gaussian"`, `"hyperbolic"`, `"long_tail"`, `"reciprocal"`,
            `"cosine"`, `"linear"`, `"quadratic"` or `"tanh_squared"`.
        value_at_margin: The value one margin outside, in (0, 1); in [0, 1) for `"cosine"`,
            `"linear"` and `"quadratic"`.

    Raises:
        ValueError: If a bound, the margin, the sigmoid or its value is invalid.

    Source: dm_control `utils/rewards.py`.
    """
    lower, upper = bounds
    if lower > upper:
        raise ValueError(f"bounds={bounds} must not fall: give (lowest, highest)")
    if sigmoid not in _SIGMOIDS:
        near = difflib.get_close_matches(str(sigmoid), _SIGMOIDS, 1, 0)[0]
        raise ValueError(f"sigmoid={sigmoid!r} is none of {list(_SIGMOIDS)}; did you mean {near!r}")
    lowest, fall = _SIGMOIDS[sigmoid]
    if not lowest <= value_at_margin < 1:
        raise ValueError(
            f"value_at_margin={value_at_margin} must be below 1 and at least {lowest}"
            f" for sigmoid={sigmoid!r}"
        )
    # How far outside; 0 inside, where every sigmoid is exactly 1.
    outside = np.maximum(np.maximum(lower - values, values - upper), 0.0)
    if (margin > 0).all() if isinstance(margin, np.ndarray) else margin > 0:
        return fall(outside / margin, value_at_margin)
    if np.any(np.less(margin, 0)):
        raise ValueError(f"margin={margin} must not be negative")
    scaled = np.divide(outside, margin, out=np.zeros_like(outside), where=np.greater(margin, 0))
    sharp = (np.equal(margin, 0)) & (outside > 0)
    return np.where(sharp, 0.0, fall(scaled, value_at_margin))


def hamacher_product(
    one: np.ndarray, other: np.ndarray, rounded: Rounding = _exactly
) -> np.ndarray:
    """Return a soft "and" [R] of two values in [0, 1]: a b / (a + b - a b), 0 where both are 0.

    Args:
        one: Values [R] in [0, 1], not checked.
        other: Values like `one`.
        rounded: Result of `rounding`, for rows that upstream computes in single precision.
    """
    if rounded is _exactly:  # the usual case
        product = one * other
        either = one + other
        either -= product
        product /= np.maximum(either, _ABOVE_ZERO, out=either)
        return product
    one, other = rounded(one), rounded(other)
    product = rounded(one * other)
    either = rounded(rounded(one + other) - product)
    return rounded(product / np.maximum(either, _ABOVE_ZERO))  # 0 / 0 is 0 here


def rect_prism_tolerance(points: np.ndarray, zero: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Return the share [R] of a box that lies behind a point in it; 1 outside the box.

    Args:
        points: Points [R, 3].
        zero: The corner with value 0, [3] or [R, 3].
        one: The opposite corner, with value 1.
    """
    away = points - zero
    inside = np.logical_and.reduce(away * (points - one) <= 0, axis=-1)
    if not np.logical_or.reduce(inside):  # the usual case
        return np.ones(len(points))
    size = np.subtract(one, zero)
    shares = np.divide(away, size, out=np.ones_like(points), where=size != 0)
    return np.where(inside, shares[:, 0] * shares[:, 1] * shares[:, 2], 1.0)


def gripper_effort(actions: np.ndarray, desired: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return how hard the action closes the gripper, as a share of `desired`, in [0, 1].

    Args:
        actions: Actions as given [R, 4]; the last number is the gripper's.
        desired: Value that counts as 1.

    Returns:
        Float64 [R], and whether upstream continues in single precision with it [R]: if the action
        is float32 and was not replaced by a limit (a Python number).
    """
    closing = actions[:, 3]
    effort = np.minimum(np.maximum(closing, 0), desired) / desired
    single = (closing > 0) & (closing <= desired)
    if closing.dtype != np.float32:
        single = np.zeros_like(single)
    return effort.astype(np.float64), single


def grasp(
    around: np.ndarray,
    actions: np.ndarray,
    dense: bool | np.ndarray = True,
    desired: float = 1.0,
) -> tuple[np.ndarray, Rounding]:
    """Return how well the fingers hold an object, as most environments reward it.

    Args:
        around: How well they enclose it, in [0, 1] [R].
        actions: Actions as given [R, 4].
        dense: What gives half of the value: enclosing the object if True, nothing if False (then
            holding it gives all), or these values in [0, 1] [R].
        desired: Action of the gripper that counts as closing it fully.

    Returns:
        Values in [0, 1] [R], and the rounding for further computations with them.

    Source: metaworld 3.1.1 `SawyerXYZEnv._gripper_caging_reward`.
    """
    half = dense if isinstance(dense, np.ndarray) else around if dense else None
    caged = around > _CAGED
    if not np.logical_or.reduce(caged):  # the usual case: then the gripper's effort does not count
        return np.zeros(len(around)) if half is None else half / 2, _exactly
    effort, single = gripper_effort(actions, desired)
    rounded = rounding(single & caged)
    held = hamacher_product(around, np.where(caged, effort, 0.0), rounded)
    if half is not None:
        held = rounded(rounded(held + rounded(half)) / 2)
    return held, rounded


def nearness(
    lengths: np.ndarray, radius: float, margins: np.ndarray | float, sigmoid: str = "long_tail"
) -> np.ndarray:
    """Return the `tolerance` [R] of lengths within a radius; faster, as nothing is checked.

    Args:
        lengths: Lengths [R], not negative.
        radius: Radius within which the result is 1.
        margins: Margins above 0, one number or [R]; see `positive`.
        sigmoid: `"gaussian"` or another.
    """
    outside = lengths - radius
    np.maximum(outside, 0.0, out=outside)
    outside /= margins
    return _SIGMOIDS[sigmoid][1](outside, _AT_MARGIN)


def positive(margins: np.ndarray) -> np.ndarray:
    """Return margins above 0: 0 becomes so small that everything outside gets 0."""
    return np.maximum(margins, _SHARP)


def long_tail(outside: np.ndarray) -> np.ndarray:
    """Return the tolerance at `outside` margins outside the bounds; overwrites `outside`."""
    outside *= _LONG_TAIL
    outside *= outside
    outside += 1
    return np.reciprocal(outside, out=outside)


def _long_tail(x: np.ndarray, value: float) -> np.ndarray:
    scaled = x * math.sqrt(1 / value - 1)
    return 1 / (scaled * scaled + 1)


def _gaussian(x: np.ndarray, value: float) -> np.ndarray:
    scaled = x * math.sqrt(-2 * math.log(value))
    return np.exp(-0.5 * (scaled * scaled))


def _hyperbolic(x: np.ndarray, value: float) -> np.ndarray:
    return 1 / np.cosh(x * math.acosh(1 / value))


def _reciprocal(x: np.ndarray, value: float) -> np.ndarray:
    return 1 / (x * (1 / value - 1) + 1)


def _cosine(x: np.ndarray, value: float) -> np.ndarray:
    scaled = x * (math.acos(2 * value - 1) / math.pi)
    return np.where(scaled < 1, (1 + np.cos(math.pi * scaled)) / 2, 0.0)


def _linear(x: np.ndarray, value: float) -> np.ndarray:
    scaled = x * (1 - value)
    return np.where(scaled < 1, 1 - scaled, 0.0)


def _quadratic(x: np.ndarray, value: float) -> np.ndarray:
    scaled = x * math.sqrt(1 - value)
    return np.where(scaled < 1, 1 - scaled * scaled, 0.0)


def _tanh_squared(x: np.ndarray, value: float) -> np.ndarray:
    slope = np.tanh(x * math.atanh(math.sqrt(1 - value)))
    return 1 - slope * slope


# The lowest value a sigmoid can have one margin outside, and the sigmoid, for values >= 0.
_SIGMOIDS: dict[str, tuple[float, Callable[[np.ndarray, float], np.ndarray]]] = {
    "gaussian": (_ABOVE_ZERO, _gaussian),
    "hyperbolic": (_ABOVE_ZERO, _hyperbolic),
    "long_tail": (_ABOVE_ZERO, _long_tail),
    "reciprocal": (_ABOVE_ZERO, _reciprocal),
    "cosine": (0.0, _cosine),
    "linear": (0.0, _linear),
    "quadratic": (0.0, _quadratic),
    "tanh_squared": (_ABOVE_ZERO, _tanh_squared),
}
