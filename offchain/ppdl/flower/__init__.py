"""Rounds among many machines: Flower carries masked integers, signed by participants that no server can be.

Runs in an environment of its own (`make flower-demo` sets it up), since Flower doesn't resolve beside Ape.
"""
