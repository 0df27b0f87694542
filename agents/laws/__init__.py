"""The laws that every agent keeps, and what checks them."""
