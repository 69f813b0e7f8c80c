"""Learning a demand forecast that nobody has to give data for (docs/concepts/ppdl.md)."""
