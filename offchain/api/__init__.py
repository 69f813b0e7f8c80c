"""The HTTP API: meters' readings come in, people's own data and the microgrid's state go out."""
