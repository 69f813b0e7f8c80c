"""Rules that a few participants with bad updates can't bend far (docs/concepts/ppdl-privacy.md says how many)."""
