"""Forecasts for sale: the model in whole numbers, what binds its answers, and the node that gives and proves them."""
