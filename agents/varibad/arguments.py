"""Checks of VariBAD's own arguments."""

from __future__ import annotations

_REWARD_DECODERS = ("steps", "cells", "goal", None)
_KL_SCALES = ("consistent", "original")


def check_counts(
    updates: int, batch: int, buffer: int, elbos: int | None, decodes: int | None
) -> None:
    """Refuse counts that are not positive, and a buffer smaller than a batch.

    Raises:
        ValueError: Naming the argument.
    """
    counts = {"vae_updates": updates, "vae_batch_size": batch, "vae_buffer_size": buffer}
    for name, count in {**counts, "n_elbos": elbos, "n_decodes": decodes}.items():
        if count is not None and count < 1:
            raise ValueError(f"{name}={count} must be at least 1")
    if buffer < batch:
        raise ValueError(
            f"vae_buffer_size={buffer} is less than vae_batch_size={batch} trials; keep at least "
            "as many as an update takes"
        )


def check_choices(
    reward_decoder: str | None, state_coef: float, task_coef: float, kl_scale: str
) -> None:
    """Refuse unknown choices, negative weights, and a belief that nothing teaches.

    Raises:
        ValueError: Naming what is allowed.
    """
    if reward_decoder not in _REWARD_DECODERS:
        raise ValueError(f"reward_decoder={reward_decoder!r}; allowed are {_REWARD_DECODERS}")
    if kl_scale not in _KL_SCALES:
        raise ValueError(f"kl_scale={kl_scale!r}; allowed are {_KL_SCALES}")
    if state_coef < 0 or task_coef < 0:
        raise ValueError(f"state_coef={state_coef} and task_coef={task_coef} must not be negative")
    if reward_decoder is None and not state_coef and not task_coef:
        raise ValueError(
            "nothing is decoded, so no belief is learnt; give reward_decoder, state_coef or "
            "task_coef"
        )
