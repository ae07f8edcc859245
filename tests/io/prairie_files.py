"""PrairieView folders, written with nothing of the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_HEAD = """﻿<?xml version="1.0" encoding="utf-8"?>
<PVScan version="5.6.64.200" date="9/9/2022 4:27:33 PM" notes="">
  <PVStateShard>
    <PVStateValue key="activeMode" value="Galvo" />
    <PVStateValue key="framePeriod" value="{period}" />
    <PVStateValue key="micronsPerPixel">
      <IndexedValue index="XAxis" value="{pixel}" />
      <IndexedValue index="YAxis" value="{pixel}" />
      <IndexedValue index="ZAxis" value="{step}" />
    </PVStateValue>
  </PVStateShard>
"""


@dataclass
class PrairieFolder:
    """How a folder is written; `data` is (sequence, frame, channel, y, x)."""

    kind: str = "ZSeries"
    names: tuple[str, ...] = ("Ch1", "Ch2")
    pixel: str = "1.17"
    step: str = "5"
    period: str = "0.033"
    bidirectional: bool = False
    depths: bool = True
    multi_page: bool = False
    sequence_attributes: str = ""
    leave_out: set[str] = field(default_factory=set)
    xml_name: str = ""

    def write(self, folder: Path, data: NDArray[Any]) -> Path:
        """Write the images, and the XML file that names them."""
        folder.mkdir(parents=True, exist_ok=True)
        text = _HEAD.format(period=self.period, pixel=self.pixel, step=self.step)
        for cycle, frames in enumerate(data, 1):
            both = str(self.bidirectional)
            text += (
                f'  <Sequence type={quoteattr(self.kind)} cycle="{cycle}" '
                f'bidirectionalZ="{both}" {self.sequence_attributes}>\n'
                "    <PVStateShard />\n"
            )
            # in the order of time: every second volume is scanned upwards
            order = list(range(len(frames)))
            if self.bidirectional and cycle % 2 == 0:
                order.reverse()
            for number, plane in enumerate(order, 1):
                text += self._frame(folder, cycle, number, plane, frames)
            text += "  </Sequence>\n"
        name = self.xml_name or f"{folder.name}.xml"
        (folder / name).write_text(text + "</PVScan>", "utf-8")
        return folder

    def _frame(self, folder, cycle, number, plane, frames):
        time = ((cycle - 1) * len(frames) + number - 1) * 0.5
        text = (
            f'    <Frame relativeTime="{time}" absoluteTime="{time}" '
            f'index="{number}">\n'
        )
        for channel, image in enumerate(frames[plane], 1):
            page = number if self.multi_page else 1
            file_number = 1 if self.multi_page else number
            name = (
                f"{folder.name}_Cycle{cycle:05d}_Ch{channel}_{file_number:06d}.ome.tif"
            )
            text += (
                f'      <File channel="{channel}" '
                f'channelName={quoteattr(self.names[channel - 1])} page="{page}" '
                f"filename={quoteattr(name)} />\n"
            )
            if name not in self.leave_out:
                tifffile.imwrite(
                    folder / name, np.ascontiguousarray(image), metadata=None,
                    append="force" if self.multi_page and number > 1 else False,
                )  # fmt: skip
        text += "      <PVStateShard>\n"
        if self.depths:
            place = 40 - float(self.step) * plane
            text += (
                '        <PVStateValue key="positionCurrent">'
                '<SubindexedValues index="ZAxis">'
                f'<SubindexedValue subindex="0" value="{place}" />'
                '<SubindexedValue subindex="1" value="0" />'
                "</SubindexedValues></PVStateValue>\n"
            )
        return text + "      </PVStateShard>\n    </Frame>\n"
