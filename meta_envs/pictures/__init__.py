"""Drawing code shared by several families."""
