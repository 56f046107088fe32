"""The binary protocol: messages, framing, checksums. Pure bytes, no I/O."""
