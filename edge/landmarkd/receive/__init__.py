"""The other end of the sinks: what receives, decodes and assembles a stream."""
