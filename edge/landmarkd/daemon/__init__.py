"""The daemon: runs the pipeline from a source to sinks."""
