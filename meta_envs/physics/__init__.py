"""Code shared by families of bodies: the threads that step them."""
