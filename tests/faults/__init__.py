"""The fault bench: the real process with real parts, each kind of trouble made to happen (`make faults`)."""
