"""Bandits: one episode is all pulls, K = 1."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/BernoulliBandit-v0",
        "family": "meta_envs.bandits.bernoulli:BernoulliBandit",
        "episodes_per_trial": 1,
        "summary": "Independent arms, each paying 1 with a hidden probability of its own",
        "source": "Duan et al. 2016 (RL²), section 3.1",
        "kwargs": {"arms": 5, "pulls": 10},
    },
    {
        "id": "meta/DependentBandit-v0",
        "family": "meta_envs.bandits.dependent:DependentBandit",
        "episodes_per_trial": 1,
        "summary": "Two arms paying 1 with probabilities p and 1 - p",
        "source": "Wang et al. 2016, section 3.1",
        "kwargs": {"variant": "uniform", "pulls": 100},
    },
    {
        "id": "meta/InformativeBandit-v0",
        "family": "meta_envs.bandits.informative:InformativeBandit",
        "episodes_per_trial": 1,
        "summary": "Eleven arms; the worst one tells which is the best",
        "source": "Wang et al. 2016, section 3.1",
        "kwargs": {"pulls": 5},
    },
    {
        "id": "meta/GaussianBandit-v0",
        "family": "meta_envs.bandits.gaussian:GaussianBandit",
        "episodes_per_trial": 1,
        "summary": "Independent arms with normal means and normal rewards",
        "source": "Sutton and Barto 2018, section 2.3",
        "kwargs": {"arms": 5, "pulls": 100},
    },
    {
        "id": "meta/RestlessBandit-v0",
        "family": "meta_envs.bandits.restless:RestlessBandit",
        "episodes_per_trial": 1,
        "summary": "Arms whose paying probabilities wander during the episode",
        "source": "After Wang et al. 2016, section 3.1; the drift is ours",
        "kwargs": {"arms": 2, "pulls": 100},
    },
    {
        "id": "meta/RecurringBandit-v0",
        "family": "meta_envs.bandits.recurring:RecurringBandit",
        "episodes_per_trial": 30,
        "summary": "Bandits with one good arm that come back and are known by their barcodes",
        "source": "Ritter et al. 2018 (episodic LSTM)",
        "kwargs": {"arms": 5, "pulls": 10, "contexts": 10, "visits": 3},
    },
)
