"""Evolution strategies on the parameters of a policy."""

from .es import ES

__all__ = ["ES"]
