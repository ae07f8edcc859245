"""A new result is shown: its layers are added, and those of an earlier one give way."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.normalisation import contrast_limits
from napari_cellid.widgets._shared.layer_axes import has_time
from napari_cellid.widgets._shared.layers import METADATA_KEY
from napari_cellid.widgets._shared.waiting import draw_pending
from napari_cellid.widgets.session.hover_text import say_classes
from napari_cellid.widgets.session.result_layer import (
    ShownResult,
    edited_by_hand,
    result_of,
    update_features,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_cellid.widgets._shared.channels import Channels


def add_result(
    viewer: ViewerModel,
    result: ShownResult,
    channels: Channels,
    transform: Mapping[str, Any],
) -> Labels:
    """Add the outlined cells, and hidden images: their probability, projections.

    The mean image of a movie replaces the movie, because outlines over a single noisy
    frame say little. Cells of an earlier run of the same recording are removed, or
    only hidden if the user has edited them; those of another recording of the same
    name are hidden.

    Parameters
    ----------
    viewer
        Gets the layers.
    result
        The result.
    channels
        The layers that were read.
    transform
        Where the pixels lay that were read, see `result_transform`: the layers may have
        been moved since.
    """
    from napari.layers import Image, Labels

    _remove_earlier(viewer, result)
    n = len(transform["scale"])
    _add_means(viewer, result, channels, transform)
    _add_projections(viewer, result, transform)
    if result.run_result.segmentation is not None:
        probability = result.run_result.segmentation.probability
        image = Image(
            probability if n == 3 else probability[0],
            name=f"{result.name} cell probability",
            visible=False,
            colormap="magma",
            contrast_limits=(0, 1),
            blending="additive",
            metadata={METADATA_KEY: result},
            **transform,
        )
        viewer.add_layer(image)
        draw_pending()
    labels = result.labelled.labels
    layer = Labels(
        # a copy, because painting changes it and is found by comparing the two
        (labels if n == 3 else labels[0]).copy(),
        name=f"{result.name} cells",
        opacity=1,
        metadata={METADATA_KEY: result},
        **transform,
    )
    layer.contour = 1
    # weak, because the layer holds the result in its metadata
    result.layer_ref = weakref.ref(layer)
    update_features(layer, result)
    say_classes(layer, partial(_probability, weakref.ref(result)))
    viewer.add_layer(layer)
    return layer


def _probability(ref: weakref.ref[ShownResult]) -> NDArray[np.float32] | None:
    """The probability (plane, y, x) of the U-Net; None if it did not run."""
    result = ref()
    maps = None if result is None else result.run_result.segmentation
    return None if maps is None else maps.probability


def _remove_earlier(viewer: ViewerModel, new: ShownResult) -> None:
    """Remove an earlier result of a recording; what may be needed is only hidden."""
    from napari.layers import Image

    from napari_cellid.widgets._shared.notifications import show_info

    for layer in list(viewer.layers):
        earlier = layer.metadata.get(METADATA_KEY)
        if not isinstance(earlier, ShownResult) or earlier.name != new.name:
            continue
        is_image = isinstance(layer, Image)
        if not is_image and result_of(layer) is None:
            # a copy that the user made
            continue
        edited = not is_image and edited_by_hand(layer, earlier)
        if earlier.is_of(new.run_result.planes) and not edited:
            viewer.layers.remove(layer)
            draw_pending()
            continue
        if edited and layer.visible:
            show_info(
                f"Cells of {layer.name!r} were changed by hand, so the layer is kept "
                "and hidden; the new result has a layer of its own."
            )
        layer.visible = False


def _add_means(
    viewer: ViewerModel,
    result: ShownResult,
    channels: Channels,
    transform: Mapping[str, Any],
) -> None:
    """Show the mean image of a movie, on which cells were outlined, in its place."""
    from napari.layers import Image

    planes = result.run_result.planes
    for layer, mean in ((channels.red, planes.red), (channels.green, planes.green)):
        if layer is None or mean is None or not has_time(layer, channels.first_axis):
            continue
        image = Image(
            mean if len(transform["scale"]) == 3 else mean[0],
            name=f"{layer.name} (mean)",
            colormap=layer.colormap,
            blending=layer.blending,
            contrast_limits=contrast_limits(mean),
            metadata={METADATA_KEY: result},
            **transform,
        )
        viewer.add_layer(image)
        layer.visible = False
        draw_pending()


def _add_projections(
    viewer: ViewerModel, result: ShownResult, transform: Mapping[str, Any]
) -> None:
    """Add the maximum and the correlation image of a movie, hidden."""
    from napari.layers import Image

    for name, image in result.run_result.projections.items():
        layer = Image(
            image if len(transform["scale"]) == 3 else image[0],
            name=f"{result.name} {name}",
            visible=False,
            contrast_limits=contrast_limits(image),
            metadata={METADATA_KEY: result},
            **transform,
        )
        viewer.add_layer(layer)
        draw_pending()
