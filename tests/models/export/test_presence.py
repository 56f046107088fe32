"""The presence logit, calibrated where both kinds of crops weigh the same."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extras are not installed: make venv-models")

import torch

from models.export.presence import fit

pytestmark = pytest.mark.models


@pytest.mark.parametrize(("faces", "others"), [(9000, 900), (500, 5000)])
def test_shares_do_not_move_the_middle(faces: int, others: int) -> None:
    rng = np.random.default_rng(0)
    logits = torch.tensor(
        np.concatenate([rng.normal(4, 1, faces), rng.normal(0, 1, others)]), dtype=torch.float32
    )
    face = torch.arange(faces + others) < faces
    scale, offset = fit(logits, face)
    assert -offset / scale == pytest.approx(2.0, abs=0.1)
    # Two normal distributions of deviation one, four apart: the logit is four times the distance
    # from the middle.
    assert scale == pytest.approx(4.0, rel=0.15)
