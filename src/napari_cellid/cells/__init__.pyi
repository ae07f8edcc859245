from .contours import OutlinePixels as OutlinePixels
from .matching import Overlaps as Overlaps
from .matching import changed_labels as changed_labels
from .matching import count_overlaps as count_overlaps
from .matching import match_by_distance as match_by_distance
from .matching import match_by_overlap as match_by_overlap
from .matching import match_labels as match_labels
from .measure import count_classes as count_classes
from .measure import measure_labels as measure_labels
from .measure import with_classes as with_classes
from .middles import Middle as Middle
from .middles import as_middles as as_middles
from .middles import check_middles as check_middles
from .middles import median_diameter as median_diameter
from .numbering import relabel_sequential as relabel_sequential
from .patch_image import DisplaySettings as DisplaySettings
from .patch_image import Patch as Patch
from .patch_image import PatchSource as PatchSource
from .rescale import rescale_labels as rescale_labels

__all__ = [
    "DisplaySettings",
    "Middle",
    "OutlinePixels",
    "Overlaps",
    "Patch",
    "PatchSource",
    "as_middles",
    "changed_labels",
    "check_middles",
    "count_classes",
    "count_overlaps",
    "match_by_distance",
    "match_by_overlap",
    "match_labels",
    "measure_labels",
    "median_diameter",
    "relabel_sequential",
    "rescale_labels",
    "with_classes",
]
