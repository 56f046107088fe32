"""The parametric head: identity, expression and gaze to vertices, landmarks and image points."""

from models.head.assets import AssetError, assets_root
from models.head.layout import Layout
from models.head.model import Eyes, HeadModel, openness
from models.head.projection import Camera, angles_from_rotation, rotation_from_angles, to_camera

__all__ = [
    "AssetError",
    "Camera",
    "Eyes",
    "HeadModel",
    "Layout",
    "angles_from_rotation",
    "assets_root",
    "openness",
    "rotation_from_angles",
    "to_camera",
]
