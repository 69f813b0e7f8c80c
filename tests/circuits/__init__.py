"""The circuits themselves, by their constraints: what they accept, and what no prover gets past them."""
