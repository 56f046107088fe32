import numpy as np
import pytest

from calibration.int8 import PACKED, load_representative, save_representative


def test_the_packed_set_is_what_its_readme_says():
    pictures = load_representative()
    assert pictures.shape == (256, 128, 128, 3)
    assert pictures.dtype == np.uint8
    assert PACKED.stat().st_size < 1_500_000
    # Ranges are measured on it: it must contain dark, bright and coloured pictures, not one kind
    # only.
    means = pictures.reshape(256, -1).mean(1)
    assert np.percentile(means, 5) < 70
    assert np.percentile(means, 95) > 140


def test_packing_keeps_pictures_and_their_order(tmp_path):
    pictures = np.stack([np.full((128, 128, 3), (v, 40, 200), np.uint8) for v in (0, 90, 250)])
    save_representative(tmp_path / "set.npz", pictures)
    loaded = load_representative(tmp_path / "set.npz")
    np.testing.assert_allclose(loaded[:, 64, 64], pictures[:, 64, 64], atol=4)


def test_another_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(ValueError, match="no representative set"):
        load_representative(tmp_path / "other.npz")
