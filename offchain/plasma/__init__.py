"""The plasma chain: who orders its transactions, what is kept of them, and how others follow."""
