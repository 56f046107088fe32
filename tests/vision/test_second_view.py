import numpy as np
from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration


def test_a_mirrored_look_brings_points_nearer_to_the_truth():
    truth = np.load(CLIP.with_suffix(".npz"))
    stored = list(truth["landmarks"])
    chosen = [k for k in range(len(stored)) if stored[k] < 520]
    pipeline = Pipeline(Configuration.model_validate({"model": {"eyes": "none"}}))
    errors = {False: [], True: []}
    with make_source("demo:", fast=True) as source:
        for index in range(60):
            frame = source.read(1.0)
            if index % 6:
                continue
            wanted = truth["points_16"][index][chosen] / 16.0
            for still, found in errors.items():
                pipeline.reset()
                face = pipeline.process(frame, still=still).face
                points = face.observation.points[np.array(stored)[chosen], :2]
                found.append(np.linalg.norm(points - wanted, axis=1).mean())
    pipeline.close()
    assert np.mean(errors[True]) < np.mean(errors[False])
