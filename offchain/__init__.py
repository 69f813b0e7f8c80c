"""Off-chain part of Enhanced Open MG: deploys, operates and shows what the contracts decide."""
