"""Optimisers of learners, by the names that agents take."""

from __future__ import annotations

from ..learning.functional import SGD, Adam, Optimizer, RMSProp

PLAIN: dict[str, Optimizer] = {
    "adam": Adam(eps=1e-5),
    "rmsprop": RMSProp(eps=1e-5),
    "sgd": SGD(),
}
# For steps that are differentiated: epsilon stands inside the root, which has no derivative at 0.
DIFFERENTIABLE: dict[str, Optimizer] = {
    "adam": Adam(eps=0.0, eps_root=1e-10),
    "rmsprop": RMSProp(eps=0.0, eps_root=1e-10),
    "sgd": SGD(),
}
META = Adam(eps=1e-8)
