"""Where the head's files are, and a clear error when they are missing."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT_VARIABLE = "LANDMARKD_ASSETS"
_REQUIRED = ("ict_head.npz", "landmarks.json")


class AssetError(FileNotFoundError):
    """The head assets are missing or incomplete."""


def assets_root(root: str | Path | None = None) -> Path:
    """The folder of the head assets.

    Args:
        root: The folder; if None, the environment variable LANDMARKD_ASSETS, else
            ``../shared/assets/head`` beside the repository.

    Raises:
        AssetError: If the folder or one of the files every caller needs is missing.
    """
    if root is None:
        beside = Path(__file__).resolve().parents[2].parent / "shared" / "assets" / "head"
        root = os.environ.get(ENVIRONMENT_VARIABLE) or beside
    folder = Path(root)
    missing = [name for name in _REQUIRED if not (folder / name).is_file()]
    if missing:
        raise AssetError(
            f"head assets not found: {', '.join(missing)} missing in {folder}; "
            f"set {ENVIRONMENT_VARIABLE} to the folder that holds them"
        )
    return folder
