"""Readings, features, model, local training, federated rounds, tuning at home, metrics: plain functions over arrays."""
