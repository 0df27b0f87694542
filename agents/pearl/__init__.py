"""PEARL (Rakelly et al. 2019): off-policy meta-learning by posterior sampling."""

from .pearl import PEARL

__all__ = ["PEARL"]
