"""The version of this package; the library must report the same."""

__version__ = "0.1.0"
