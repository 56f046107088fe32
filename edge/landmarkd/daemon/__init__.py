"""The pipeline and everything that keeps it running."""
