"""Back ends by name: a table of "module:Class", imported when chosen, extended by entry points."""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module

from landmarkd.errors import LandmarkdError, MissingPackageError


class Names(Collection[str]):
    """All known names: those of a table, then those that installed packages add to a group.

    Entry points are read only for a name that is not in the table: that takes longer than
    everything else at the start, and few installations have any.
    """

    def __init__(self, table: Mapping[str, str], group: str) -> None:
        self._table, self._group = table, group

    def __contains__(self, name: object) -> bool:
        return name in self._table or name in _added(self._group)

    def __iter__(self) -> Iterator[str]:
        yield from self._table
        yield from (name for name in _added(self._group) if name not in self._table)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def load(table: Mapping[str, str], group: str, name: str) -> type:
    """Import and return the class with this name.

    Raises:
        KeyError: if the name is in neither the table nor the entry points of `group`.
        MissingPackageError: if the module needs a package that is not installed.
    """
    target = table.get(name) or _added(group).get(name)
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
            f"{name!r} needs the package {package!r}, which is not installed; "
            "see landmarkd help troubleshooting."
        ) from error
    return loaded


def _added(group: str) -> dict[str, str]:
    """Return "module:Class" by name of installed packages; the first of several counts."""
    from importlib.metadata import entry_points

    return {entry.name: entry.value for entry in reversed(tuple(entry_points(group=group)))}
