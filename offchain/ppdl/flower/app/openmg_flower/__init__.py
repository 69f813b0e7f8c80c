"""Flower's app: the server's part, and a client's part that only says that it isn't one."""
