"""Traced arrays: values of a program in the making that behave as NumPy's arrays do."""
