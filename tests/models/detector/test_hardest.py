# ruff: noqa: E402 - what is imported below needs the training extras
import pytest

torch = pytest.importorskip("torch")

from models.detector.hardest import LEAST, Hardest


def scenes(*values):
    return torch.tensor(values, dtype=torch.uint8)[:, None, None, None].expand(-1, 4, 4, 3).clone()


def test_the_highest_scores_are_kept_and_easy_scenes_are_not():
    kept = Hardest(3)
    kept.keep(scenes(1, 2, 3), torch.tensor([0.9, LEAST / 2, 0.3]))
    assert len(kept) == 2
    kept.keep(scenes(4, 5), torch.tensor([0.6, 0.2]))
    assert len(kept) == 3
    assert sorted(kept.draw(3)[:, 0, 0, 0].tolist()) == [1, 3, 4]


def test_what_is_drawn_is_gone_until_it_is_kept_again():
    kept = Hardest(8)
    assert kept.draw(1) is None
    kept.keep(scenes(1, 2, 3, 4), torch.full((4,), 0.5))
    assert kept.draw(5) is None
    assert kept.draw(3).shape == (3, 4, 4, 3)
    assert len(kept) == 1


def test_half_of_what_is_drawn_is_mirrored():
    kept = Hardest(8)
    images = torch.zeros(4, 4, 4, 3, dtype=torch.uint8)
    images[:, :, 0] = 255
    kept.keep(images, torch.full((4,), 0.5))
    drawn = kept.draw(4)
    assert int((drawn[:, 0, 0, 0] == 255).sum()) == 2
    assert int((drawn[:, 0, 3, 0] == 255).sum()) == 2
