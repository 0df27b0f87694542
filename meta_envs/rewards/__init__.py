"""Tasks made of rewards: any of our environments, paid by a discriminator of skills."""
