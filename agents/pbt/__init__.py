"""Population based training of any agent."""

from .pbt import PBT

__all__ = ["PBT"]
