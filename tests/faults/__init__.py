"""The fault bench: the real process with real parts and every kind of fault (`make faults`)."""
