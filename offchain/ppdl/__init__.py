"""Federated learning of a forecast (after Shokri and Shmatikov, CCS 2015): data stay at home, no party is trusted."""
