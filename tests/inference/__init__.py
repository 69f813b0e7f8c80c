"""Tests of paid inference: the model in whole numbers, the market, the node."""
