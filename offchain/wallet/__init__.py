"""The wallet of the shielded pool: keys, notes, their history, and the operations that spend them."""
