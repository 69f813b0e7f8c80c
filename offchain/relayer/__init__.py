"""A service that sends shielded operations for wallets whose accounts must not be seen, for a fee paid in notes."""
