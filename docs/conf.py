"""Sphinx's configuration of the site; `docs/build.py` writes what it reads."""

import importlib.metadata

project = "metazoo"
author = "the authors of metazoo"
version = release = importlib.metadata.version("metazoo")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.making.sidebar"]
exclude_patterns = ["included"]
source_suffix = {".md": "markdown"}
default_role = "code"  # docstrings have code in single backticks
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]

autodoc_typehints = "none"  # signatures have them where they help; docstrings say what is meant
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]

html_theme = "furo"
html_title = f"metazoo {release}"
html_static_path = ["_static"]  # beside this file where it is copied to
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
