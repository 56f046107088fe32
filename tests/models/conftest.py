"""Shared by the tests of the training side. No import of the training extras at module level."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from models.synth.crop import Studio


@pytest.fixture(scope="module")
def studio() -> "Studio":
    """The process's own studio; skips where the head's assets are absent."""
    from models.head import AssetError
    from models.synth import shards

    try:
        return shards.studio()
    except AssetError as error:
        pytest.skip(str(error))
