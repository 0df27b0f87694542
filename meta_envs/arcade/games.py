"""The 57 games: their names, published scores, and the scale on which games are compared."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import numpy as np

# fmt: off
# Scores of random play and of a human tester, from starts with up to 30 no-ops: the numbers that
# DQN, IMPALA and their successors are normalised by (Wang et al. 2016, "Dueling", tables; as in
# dqn_zoo's atari_data). Other lists agree but for VideoPinball, whose random score some give as 0.
_SCORES: dict[str, tuple[float, float]] = {
    "Alien": (227.8, 7127.7), "Amidar": (5.8, 1719.5), "Assault": (222.4, 742.0),
    "Asterix": (210.0, 8503.3), "Asteroids": (719.1, 47388.7), "Atlantis": (12850.0, 29028.1),
    "BankHeist": (14.2, 753.1), "BattleZone": (2360.0, 37187.5), "BeamRider": (363.9, 16926.5),
    "Berzerk": (123.7, 2630.4), "Bowling": (23.1, 160.7), "Boxing": (0.1, 12.1),
    "Breakout": (1.7, 30.5), "Centipede": (2090.9, 12017.0), "ChopperCommand": (811.0, 7387.8),
    "CrazyClimber": (10780.5, 35829.4), "Defender": (2874.5, 18688.9),
    "DemonAttack": (152.1, 1971.0), "DoubleDunk": (-18.6, -16.4), "Enduro": (0.0, 860.5),
    "FishingDerby": (-91.7, -38.7), "Freeway": (0.0, 29.6), "Frostbite": (65.2, 4334.7),
    "Gopher": (257.6, 2412.5), "Gravitar": (173.0, 3351.4), "Hero": (1027.0, 30826.4),
    "IceHockey": (-11.2, 0.9), "Jamesbond": (29.0, 302.8), "Kangaroo": (52.0, 3035.0),
    "Krull": (1598.0, 2665.5), "KungFuMaster": (258.5, 22736.3),
    "MontezumaRevenge": (0.0, 4753.3), "MsPacman": (307.3, 6951.6),
    "NameThisGame": (2292.3, 8049.0), "Phoenix": (761.4, 7242.6), "Pitfall": (-229.4, 6463.7),
    "Pong": (-20.7, 14.6), "PrivateEye": (24.9, 69571.3), "Qbert": (163.9, 13455.0),
    "Riverraid": (1338.5, 17118.0), "RoadRunner": (11.5, 7845.0), "Robotank": (2.2, 11.9),
    "Seaquest": (68.4, 42054.7), "Skiing": (-17098.1, -4336.9), "Solaris": (1236.3, 12326.7),
    "SpaceInvaders": (148.0, 1668.7), "StarGunner": (664.0, 10250.0), "Surround": (-10.0, 6.5),
    "Tennis": (-23.8, -8.3), "TimePilot": (3568.0, 5229.2), "Tutankham": (11.4, 167.6),
    "UpNDown": (533.4, 11693.2), "Venture": (0.0, 1187.5), "VideoPinball": (16256.9, 17667.9),
    "WizardOfWor": (563.5, 4756.5), "YarsRevenge": (3092.9, 54576.9), "Zaxxon": (32.5, 9173.3),
}
# fmt: on

GAMES = tuple(_SCORES)  # a task's "game" is an index into it
HELD_OUT = ("Alien", "MsPacman", "Pong", "SpaceInvaders", "StarGunner")  # see the family's splits


def game_named(name: Any) -> str:
    """Return a game's name as in `GAMES`; `"ms_pacman"` and `"MsPacman"` are the same.

    Raises:
        ValueError: If there is no such game; suggests the nearest.
    """
    known = {_plain(game): game for game in GAMES}
    if isinstance(name, str) and _plain(name) in known:
        return known[_plain(name)]
    near = get_close_matches(_plain(str(name)), known, n=1)
    hint = f"; did you mean {known[near[0]]!r}?" if near else ""
    raise ValueError(f"game={name!r} is unknown; there are {', '.join(GAMES)}{hint}")


def rom_id(game: str) -> str:
    """Return ale-py's name of a game in `GAMES`, e.g. `"ms_pacman"`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", game).lower()


def human_normalised(game: str, score: Any) -> Any:
    """Return a score on the scale where random play has 0 and the human tester 1.

    Args:
        game: A game, e.g. `"Pong"` or `"ms_pacman"`.
        score: Raw score of an episode (not of clipped rewards), or an array of them.

    Raises:
        ValueError: If there is no such game; suggests the nearest.
    """
    random, human = _SCORES[game_named(game)]
    scaled = (np.asarray(score, dtype=np.float64) - random) / (human - random)
    return scaled if scaled.ndim else float(scaled)


def _plain(name: str) -> str:
    return name.replace("_", "").replace(" ", "").lower()
