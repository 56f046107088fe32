"""UV position maps."""
