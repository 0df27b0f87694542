"""How parameters change: differentiable optimisers, and many learners as one array."""
