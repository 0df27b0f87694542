"""Single-lifetime learners: how they act and update themselves, and the loop that runs them."""
