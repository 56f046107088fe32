"""Procedural places: each function draws one 8-bit sRGB plate from a generator of random numbers."""
