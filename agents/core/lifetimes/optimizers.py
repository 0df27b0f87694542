"""Optimisers of learners whose steps are differentiated, by the names that agents take."""

from __future__ import annotations

from ..learning.functional import SGD, Adam, Optimizer, RMSProp

# Epsilon stands inside the root: at a gradient of 0 the root itself has no derivative.
DIFFERENTIABLE: dict[str, Optimizer] = {
    "adam": Adam(eps=0.0, eps_root=1e-10),
    "rmsprop": RMSProp(eps=0.0, eps_root=1e-10),
    "sgd": SGD(),
}
META = Adam(eps=1e-8)
