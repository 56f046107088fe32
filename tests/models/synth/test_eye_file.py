import numpy as np

from models.synth.eye_file import DOWN, NEITHER, SHUT, borderline, kinds

EYES = np.array(
    [
        # openness, closed, share of the iris, pitch of the gaze
        (0.33, 0.0, 0.8, 0.0),
        (-0.06, 1.0, 0.0, 0.0),
        (0.15, 0.2, 0.25, -30.0),
        (0.15, 0.2, 0.38, -30.0),
        (0.095, 0.5, 0.3, 0.0),
        (0.15, 0.2, 0.25, -10.0),
    ]
).T


def test_classes_are_open_shut_and_a_look_down_with_the_iris_covered():
    assert kinds(*EYES).tolist() == [NEITHER, SHUT, DOWN, DOWN, SHUT, NEITHER]


def test_eyes_near_a_cut_between_classes_are_borderline():
    assert borderline(*EYES).tolist() == [False, False, False, True, True, True]
