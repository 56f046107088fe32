"""Measurements on real and synthetic faces."""
