"""Back ends by name: a table of "module:Class", imported when chosen, extended by entry points."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

from landmarkd.errors import LandmarkdError, MissingPackageError


def names(table: Mapping[str, str], group: str) -> list[str]:
    """Return all known names: those of the table, then those that installed packages add to `group`."""
    return [*table, *(entry.name for entry in entry_points(group=group) if entry.name not in table)]


def load(table: Mapping[str, str], group: str, name: str) -> type:
    """Import and return the class that `name` stands for.

    Raises:
        KeyError: if the name is in neither the table nor the entry points of `group`.
        MissingPackageError: if the module needs a package that is not installed.
    """
    target = table.get(name)
    if target is None:
        target = next(
            (entry.value for entry in entry_points(group=group) if entry.name == name), None
        )
    if target is None:
        raise KeyError(name)
    module_name, _, attribute = target.partition(":")
    try:
        loaded: type = getattr(import_module(module_name), attribute)
    except LandmarkdError:
        raise
    except ImportError as error:
        package = error.name or module_name
        raise MissingPackageError(
            f"{name!r} needs the package {package!r}, which is not installed; see docs/troubleshooting.md."
        ) from error
    return loaded
