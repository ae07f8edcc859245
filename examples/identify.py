"""Identify the cells of a recording in a script.

python examples/identify.py red.tif green.tif 1.17 results
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import IdentifyConfig, SegmentConfig
from napari_cellid.identify import identify_cells
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.results import write_results
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter

red, green, pixel_size, out = sys.argv[1:5]
recording = read_recording(
    Path(red), Path(green), options=ReadOptions(pixel_size_um=float(pixel_size))
)
config = IdentifyConfig(segment=SegmentConfig(threshold=0.6))
result = run_to_end(
    identify_cells(recording, load_segmenter(), load_classifier(), config)
)
print(result.cells.groupby("predicted")[["area_um2", "confidence"]].mean())
print("written to", write_results(result, Path(out)))
