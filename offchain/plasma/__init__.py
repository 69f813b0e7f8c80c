"""The plasma chain as the root chain sees it: blocks, checkpoints, messages, proofs, and its genesis."""
