"""The benchmark's order of head angles, for labels, rendered heads and tables.

AFLW2000-3D's `Pose_Para` is pitch, yaw, roll of R = Rx(pitch) Ry(yaw) Rz(roll); what the device
reports is of R = Ry(yaw) Rx(pitch) Rz(roll) (`landmarkd.rotation`). The signs and the frame (x
right, y down, z away from the camera) are the same, and so are the rotations: only the angles of a
head that both turns and nods differ.
"""

import numpy as np
from landmarkd.rotation import matrix_from_angles


def rotation_from_pose(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Rotation (3, 3) of a head from labels in degrees, in the frame of `HeadPose.rotation`."""
    nodded, turned = matrix_from_angles(0.0, pitch, 0.0), matrix_from_angles(yaw, 0.0, roll)
    rotation: np.ndarray = nodded @ turned
    return rotation


def pose_from_rotation(rotation: np.ndarray) -> np.ndarray:
    """Pitch, yaw, roll (3,) in degrees of a `HeadPose.rotation`, |yaw| <= 90 degrees."""
    yaw = np.arcsin(np.clip(rotation[0, 2], -1.0, 1.0))
    pitch = np.arctan2(rotation[1, 2], rotation[2, 2])
    roll = np.arctan2(-rotation[0, 1], rotation[0, 0])
    degrees: np.ndarray = np.degrees([pitch, yaw, roll])
    return degrees
