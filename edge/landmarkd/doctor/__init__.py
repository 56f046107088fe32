"""Checks of the machine, each with the command that fixes the fault."""
