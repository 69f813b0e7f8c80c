"""Uniswap V1 in plain integers: what every operation returns, logs and leaves behind, or why it is refused.

Written from the Uniswap V1 documentation and white paper (H. Adams, "Uniswap Whitepaper", 2018), not from any code of
this project. One difference object (`rules.Rules`) turns the original into our exchange.
"""
