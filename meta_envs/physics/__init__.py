"""What families of bodies share: the threads that step them."""
