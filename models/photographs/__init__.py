"""Photographs without faces as backgrounds, from packages with free licences; none is kept here."""

from models.photographs.album import Album, album

__all__ = ["Album", "album"]
