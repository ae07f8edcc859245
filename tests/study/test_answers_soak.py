"""Answers stay with their cells through random changes of a study.

`tools/evaluation/answers_soak.py` does more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tissue import soak

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(2))
def test_no_answer_counts_for_another_cell(tmp_path: Path, seed: int) -> None:
    done = soak(tmp_path, seed, 12)
    assert done.n_checked > 100
