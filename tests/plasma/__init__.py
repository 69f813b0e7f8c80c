"""Tests of the plasma contracts, against chains made up in Python and against real ones."""
