"""Procedural places: each function draws one 8-bit sRGB plate from a random generator."""
