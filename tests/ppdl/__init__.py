"""Tests of PPDL's contracts."""
