"""A decoder to copy onto a microcontroller that runs MicroPython."""
