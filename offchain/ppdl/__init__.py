"""PPDL: a forecast learned together from data that stays at home, and what is sold of it."""
