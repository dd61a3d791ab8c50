"""Sphinx: these pages, and the reference from the docstrings of swntk. `make docs` runs it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from swntk import __version__  # noqa: E402

project = "swntk"
author = "the authors of libntk"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "description": "Neural tangent kernels on the CPU"}
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}

napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "imported-members": True, "undoc-members": False}
# Defaults as they are written, not as they are at run time.
autodoc_preserve_defaults = True
toc_object_entries_show_parents = "hide"
myst_heading_anchors = 3
# Files outside of docs/, which the pages name for those who read them in the repository.
suppress_warnings = ["myst.xref_missing"]
