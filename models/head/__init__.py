"""The parametric head."""
