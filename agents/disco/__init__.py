"""DiscoRL: learners by the rule that DeepMind published."""

from .discorl import DiscoRL

__all__ = ["DiscoRL"]
