"""A car pays a charging station with notes of the pool: quote, slices or one payment, refund, receipt, proof."""
