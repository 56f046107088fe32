"""A real model, loadable stand-ins for libedgetpu, and machines laid out in folders."""

from tests.machine.fixtures import compiler, coral, models, patience, pc, pi

__all__ = ["compiler", "coral", "models", "patience", "pc", "pi"]
