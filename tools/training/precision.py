"""The number format that the training tools compute in."""

from __future__ import annotations

import torch

from napari_cellid.device import fast_precision


def mixed_precision() -> torch.autocast:
    """Context of the short number format, where this processor computes it fast."""
    enabled = fast_precision("cpu") == "bf16"
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled)
