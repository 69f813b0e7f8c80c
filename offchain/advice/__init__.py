"""What a home's electricity costs, will cost and could cost. Every number says what it was computed from."""
