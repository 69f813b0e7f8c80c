"""The shielded pool with its registry and exchanges: the contracts on a chain, a model of them, and a machine that runs
both."""
