"""Packages that hold the photographs, and how they are fetched by their ordinary clients."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """Where a package comes from.

    Attributes:
        client: apt, npm or pip.
        version: version that the list of pictures was made from; apt takes the version of its
            release.
        licence: licence of the pictures that are taken.
    """

    client: str
    version: str
    licence: str


PACKAGES = {
    "@pmndrs/assets": Package("npm", "1.7.0", "CC0"),
    "blender-data": Package("apt", "3.4.1", "CC0"),
    "budgie-backgrounds": Package("apt", "4.2", "CC0"),
    "cube2-data": Package("apt", "1.3", "CC-BY, CC-BY-SA, public domain"),
    "gnome-backgrounds": Package("apt", "43.1", "CC-BY-SA, public domain"),
    "lomiri-wallpapers-16.04": Package("apt", "20.04.0", "CC-BY, CC-BY-SA, CC0"),
    "lomiri-wallpapers-20.04": Package("apt", "20.04.0", "CC-BY, CC-BY-SA"),
    "mate-backgrounds": Package("apt", "1.26.0", "GPL-2+, CC-BY-SA"),
    "plasma-workspace-wallpapers": Package("apt", "5.27.5", "GPL-2+"),
    "propaganda-debian": Package("apt", "13.5.10", "GPL-2"),
    "redeclipse-data": Package("apt", "1.6.0", "CC-BY-SA, CC-BY, CC0"),
    "scikit-image": Package("pip", "0.17.2", "CC0, public domain"),
    "scikit-learn": Package("pip", "1.5.2", "CC-BY"),
    "stellarium-data": Package("apt", "0.22.2", "GPL-2+"),
    "supertuxkart-data": Package("apt", "1.4", "CC-BY-SA, CC-BY, CC0, public domain"),
    "torcs-data": Package("apt", "1.3.7", "GPL-2+, Free Art"),
    "tuxpaint-stamps-default": Package("apt", "2022.06.04", "GPL-2"),
    "ukui-wallpapers": Package("apt", "20.04.3", "CC-BY-SA"),
}


def unpacked(name: str, folder: Path) -> Path:
    """Fetch a package into a folder unless it is there, unpack it, and return where.

    Raises:
        subprocess.CalledProcessError: if its client does not find it.
    """
    target = folder / "unpacked" / name.replace("/", "-")
    if target.is_dir():
        return target
    package = PACKAGES[name]
    wheel = name.replace("-", "_")
    pattern = {"apt": f"{name}_*.deb", "npm": "pmndrs-assets-*.tgz", "pip": f"{wheel}-*.whl"}[
        package.client
    ]
    if not list(folder.glob(pattern)):
        subprocess.run(_command(name, package), cwd=folder, check=True)  # noqa: S603 - names from the table above
    file, partial = next(folder.glob(pattern)), target.with_name(target.name + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    if package.client == "apt":
        subprocess.run(["dpkg", "-x", file, partial], check=True)  # noqa: S603, S607
    elif package.client == "npm":
        with tarfile.open(file) as archive:
            archive.extractall(partial, filter="data")
    else:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(partial)  # noqa: S202 - zipfile drops what would lead outside
    return partial.rename(target)


def _command(name: str, package: Package) -> list[str]:
    if package.client == "apt":
        return ["apt-get", "download", name]
    if package.client == "npm":
        return ["npm", "pack", f"{name}@{package.version}"]
    # Wheels are only unpacked, so those for any interpreter will do.
    python = "3.8" if name == "scikit-image" else "3.11"
    return [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
            "--python-version", python,
            *(["--platform", "manylinux1_x86_64"] if python == "3.8" else []),
            f"{name}=={package.version}"]  # fmt: skip
