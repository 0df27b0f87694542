"""Few-shot classification: pictures of new classes are shown, then others are to be labelled."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/FewShotImages-v0",
        "family": "meta_envs.few_shot.family:FewShotImages",
        "episodes_per_trial": 1,
        "summary": "A few pictures of new classes, shown with labels; then others to be labelled",
        "source": "Lake et al. 2015 (Omniglot); Vinyals et al. 2016; our glyphs",
        "kwargs": {"ways": 5, "shots": 1, "queries": 5},
    },
)
