from .run import run_units as run_units
from .schedulers import Scheduler as Scheduler
from .schedulers import open_scheduler as open_scheduler
from .unit import Unit as Unit
from .unit import UnitStore as UnitStore

__all__ = ["Scheduler", "Unit", "UnitStore", "open_scheduler", "run_units"]
