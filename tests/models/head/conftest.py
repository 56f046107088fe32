"""The head that these tests share."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from models.head import HeadModel


@pytest.fixture(scope="package")
def head() -> "HeadModel":
    """The head; skips where its assets are absent."""
    from models.head import AssetError, HeadModel

    try:
        return HeadModel()
    except AssetError as error:
        pytest.skip(str(error))
