from .agreement import AgreementWidget as AgreementWidget
from .annotate import AnnotateWidget as AnnotateWidget
from .gallery import GalleryWidget as GalleryWidget
from .identify import IdentifyWidget as IdentifyWidget
from .retrain import RetrainWidget as RetrainWidget
from .traces import TracesWidget as TracesWidget

__all__ = [
    "AgreementWidget",
    "AnnotateWidget",
    "GalleryWidget",
    "IdentifyWidget",
    "RetrainWidget",
    "TracesWidget",
]
