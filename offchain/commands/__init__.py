"""The commands of `openmg`; each imports what it needs when it runs, so that the command line starts at once."""
