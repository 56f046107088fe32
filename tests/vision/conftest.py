"""A real model, loadable stand-ins for libedgetpu, and machines laid out in folders."""

from tests.machine.fixtures import coral, models, patience, pc, pi

__all__ = ["coral", "models", "patience", "pc", "pi"]
