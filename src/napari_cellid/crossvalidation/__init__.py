"""Cross-validation of finetuning plans and baselines: the paper's experiment."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
