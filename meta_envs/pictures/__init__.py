"""What pictures of several families share."""
