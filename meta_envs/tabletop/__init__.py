"""Objects on a table, seen from above in small pictures: reaching and pushing."""
