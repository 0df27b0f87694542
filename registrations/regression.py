"""Regression: some pairs are seen, then values are asked for."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Sinusoid-v0",
        "family": "meta_envs.regression.sinusoid:Sinusoid",
        "episodes_per_trial": 1,
        "summary": "A sine wave of which some points are shown, and others then asked for",
        "source": "Finn et al. 2017 (MAML), section 5.1",
        "kwargs": {"shots": 10, "queries": 10},
    },
)
