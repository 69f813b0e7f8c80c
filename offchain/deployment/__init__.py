"""Deploys the platform, remembers where it stands, and checks that it is what was compiled."""
