"""Private local demand forecasts: learning together, secure aggregation, the model chain, paid inference."""
