"""Meta-RL agents behind Stable-Baselines3's API, and their evaluation."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import baselines
    from .a2c import A2C
    from .algorithm_distillation import AlgorithmDistillation
    from .bc import BC
    from .bmg import BMG, QBMG
    from .core.base.arguments import argument
    from .core.base.lifetime_algorithm import LifetimeAlgorithm
    from .core.base.trial_algorithm import TrialAlgorithm
    from .core.base.vec_bridge import SB3VecEnv
    from .core.evaluation.curve import AdaptationCurve
    from .core.evaluation.evaluate import evaluate
    from .core.evaluation.held_out import HeldOutCallback
    from .core.losses import losses
    from .core.play.demonstrations import Demonstration, DemonstrationSet
    from .core.play.inner_loop import InnerLoop
    from .core.play.player import Player
    from .core.play.record import record
    from .core.play.step import Step
    from .diayn import DIAYN
    from .disco import DiscoRL
    from .dream import DREAM, PredictiveExploration
    from .epg import EPG, EPGLearner
    from .episodic import MFEC, NEC
    from .es import ES
    from .frodo import FRODO
    from .impala import IMPALA, STAC, STACX
    from .in_context import InContext
    from .l2rl import L2RL, EpisodicLSTM
    from .laws.check import check_agent
    from .lpg import LPG, LPGLearner
    from .maml import (
        EMAML,
        FOMAML,
        MAESN,
        MAML,
        ContinuousMAML,
        MetaSGD,
        PPOTracking,
        ProMP,
        Reptile,
        SupervisedMAML,
    )
    from .meta_gradient import MetaGradient
    from .metagenrl import MetaGenRL, MetaGenRLLearner
    from .mil import MIL, ConditionalBC
    from .mlsh import MLSH
    from .pbt import PBT
    from .pearl import PEARL
    from .poet import POET, EnhancedPOET
    from .ppo import DPO, LPO, PPO, LPOLearner
    from .rl2 import ERL2, IMPORT, RL2, SNAIL
    from .self_play import SelfPlay
    from .varibad import HyperX, VariBAD

# These import the table below, so that type checkers cannot be shown where they are.
describe: Any
load_pretrained: Any
plot: Any
table: Any
train: Any
tune: Any

# Every algorithm: the name on the command line, and where it is.
ALGORITHMS = {
    "rl2": "agents.rl2:RL2",
    "erl2": "agents.rl2:ERL2",
    "import": "agents.rl2:IMPORT",
    "l2rl": "agents.l2rl:L2RL",
    "episodiclstm": "agents.l2rl:EpisodicLSTM",
    "snail": "agents.rl2:SNAIL",
    "maml": "agents.maml:MAML",
    "fomaml": "agents.maml:FOMAML",
    "emaml": "agents.maml:EMAML",
    "promp": "agents.maml:ProMP",
    "metasgd": "agents.maml:MetaSGD",
    "reptile": "agents.maml:Reptile",
    "continuousmaml": "agents.maml:ContinuousMAML",
    "ppotracking": "agents.maml:PPOTracking",
    "maesn": "agents.maml:MAESN",
    "supervisedmaml": "agents.maml:SupervisedMAML",
    "pearl": "agents.pearl:PEARL",
    "varibad": "agents.varibad:VariBAD",
    "hyperx": "agents.varibad:HyperX",
    "a2c": "agents.a2c:A2C",
    "impala": "agents.impala:IMPALA",
    "stac": "agents.impala:STAC",
    "stacx": "agents.impala:STACX",
    "metagradient": "agents.meta_gradient:MetaGradient",
    "bmg": "agents.bmg:BMG",
    "qbmg": "agents.bmg:QBMG",
    "frodo": "agents.frodo:FRODO",
    "es": "agents.es:ES",
    "pbt": "agents.pbt:PBT",
    "poet": "agents.poet:POET",
    "enhancedpoet": "agents.poet:EnhancedPOET",
    "lpg": "agents.lpg:LPG",
    "ppo": "agents.ppo:PPO",
    "dpo": "agents.ppo:DPO",
    "lpo": "agents.ppo:LPO",
    "epg": "agents.epg:EPG",
    "metagenrl": "agents.metagenrl:MetaGenRL",
    "discorl": "agents.disco:DiscoRL",
    "diayn": "agents.diayn:DIAYN",
    "dream": "agents.dream:DREAM",
    "predictiveexploration": "agents.dream:PredictiveExploration",
    "mfec": "agents.episodic:MFEC",
    "nec": "agents.episodic:NEC",
    "mlsh": "agents.mlsh:MLSH",
    "bc": "agents.bc:BC",
    "mil": "agents.mil:MIL",
    "conditionalbc": "agents.mil:ConditionalBC",
    "incontext": "agents.in_context:InContext",
    "algorithmdistillation": "agents.algorithm_distillation:AlgorithmDistillation",
}

_PLACES = {
    **{place.partition(":")[2]: place.partition(":")[0] for place in ALGORITHMS.values()},
    "AdaptationCurve": "agents.core.evaluation.curve",
    "Demonstration": "agents.core.play.demonstrations",
    "DemonstrationSet": "agents.core.play.demonstrations",
    "EPGLearner": "agents.epg",
    "InnerLoop": "agents.core.play.inner_loop",
    "LPGLearner": "agents.lpg",
    "LPOLearner": "agents.ppo",
    "LifetimeAlgorithm": "agents.core.base.lifetime_algorithm",
    "MetaGenRLLearner": "agents.metagenrl",
    "Player": "agents.core.play.player",
    "Step": "agents.core.play.step",
    "TrialAlgorithm": "agents.core.base.trial_algorithm",
    "argument": "agents.core.base.arguments",
    "record": "agents.core.play.record",
    "SB3VecEnv": "agents.core.base.vec_bridge",
    "SelfPlay": "agents.self_play",
    "check_agent": "agents.laws.check",
    "evaluate": "agents.core.evaluation.evaluate",
    "HeldOutCallback": "agents.core.evaluation.held_out",
    "describe": "agents.runs.describe",
    "load_pretrained": "agents.zoo",
    "plot": "agents.runs.compare",
    "table": "agents.runs.compare",
    "train": "agents.runs.train",
    "tune": "agents.runs.tune",
}

_MODULES = {"baselines": "agents.baselines", "losses": "agents.core.losses.losses"}

__all__ = [
    "A2C",
    "BC",
    "BMG",
    "DPO",
    "DIAYN",
    "DiscoRL",
    "ConditionalBC",
    "DREAM",
    "EMAML",
    "EPG",
    "EPGLearner",
    "ERL2",
    "ES",
    "FOMAML",
    "IMPALA",
    "IMPORT",
    "FRODO",
    "HeldOutCallback",
    "HyperX",
    "L2RL",
    "LPG",
    "LPO",
    "MAESN",
    "MAML",
    "MFEC",
    "NEC",
    "MIL",
    "MLSH",
    "PBT",
    "PEARL",
    "POET",
    "EnhancedPOET",
    "PPO",
    "RL2",
    "SNAIL",
    "SelfPlay",
    "AdaptationCurve",
    "AlgorithmDistillation",
    "EpisodicLSTM",
    "Demonstration",
    "DemonstrationSet",
    "ContinuousMAML",
    "InContext",
    "InnerLoop",
    "LifetimeAlgorithm",
    "MetaGenRL",
    "MetaGenRLLearner",
    "MetaGradient",
    "LPGLearner",
    "LPOLearner",
    "MetaSGD",
    "PPOTracking",
    "Player",
    "PredictiveExploration",
    "QBMG",
    "ProMP",
    "Reptile",
    "STAC",
    "STACX",
    "SB3VecEnv",
    "Step",
    "SupervisedMAML",
    "TrialAlgorithm",
    "VariBAD",
    "argument",
    "baselines",
    "check_agent",
    "describe",
    "evaluate",
    "load_pretrained",
    "losses",
    "plot",
    "record",
    "table",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: torch is loaded only for what needs it."""
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(
        f"module 'agents' has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )


def __dir__() -> list[str]:
    """List the public names, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
