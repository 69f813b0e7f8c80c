"""Random operations on the market for forecasts."""
