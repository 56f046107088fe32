"""Rendered faces with their landmarks."""
