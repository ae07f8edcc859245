"""Identify the cells of a recording in a script.

python examples/identify.py red.tif green.tif 1.17 results
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_cellid import identify_cells, read_recording
from napari_cellid.config import IdentifyConfig, SegmentConfig
from napari_cellid.io import write_results

red, green, pixel_size, out = sys.argv[1:5]
recording = read_recording(red, green, pixel_size_um=float(pixel_size))
config = IdentifyConfig(segment=SegmentConfig(threshold=0.6))
result = identify_cells(recording, config=config)
print(result.cells.groupby("predicted")[["area_um2", "confidence"]].mean())
print("written to", write_results(result, Path(out)))
