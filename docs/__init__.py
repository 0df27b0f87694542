"""The documentation: tables of README.md, and the site that `make docs` builds."""
