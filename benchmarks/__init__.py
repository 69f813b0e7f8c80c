"""Measurements that print JSON, and the snapshots they are compared with."""
