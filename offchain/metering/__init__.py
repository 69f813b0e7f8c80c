"""What homes use and make, and the way of a reading: meter, operator, chain, and back to its owner."""
