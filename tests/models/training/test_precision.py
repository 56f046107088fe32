# ruff: noqa: E402 - what is imported below needs the training extras
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.training.precision import half_precision


def test_a_processor_multiplies_in_bfloat16_only_if_it_has_the_instructions():
    has_them = "avx512_bf16" in Path("/proc/cpuinfo").read_text().split()
    with half_precision(torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if has_them else torch.float32)
