"""Methods that are cross-validated: plans, variants of them, and baselines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from napari_cellid.classification.finetuning import PLANS
from napari_cellid.crossvalidation.paper import SAME_AS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.classification.networks import Architecture
    from napari_cellid.config import PlanName

BaselineName = Literal[
    "majority", "two thresholds", "logistic regression", "random forest", "small CNN"
]
BASELINES: dict[BaselineName, str] = {
    "majority": "always the most frequent class of the training cells",
    "two thresholds": "red and green contrast above a threshold each",
    "logistic regression": "on hand features",
    "random forest": "on hand features, 300 trees",
    "small CNN": "three convolutions on the centre of the patch, 31 px",
}
#: patch sides (px) that are compared with the paper's 101
_PATCH_SIZES = (25, 51)


@dataclass(frozen=True)
class NetworkMethod:
    """A network that is retrained as a plan says.

    Parameters
    ----------
    name
        Name in tables.
    architecture
        The network.
    plan
        Which layers are trained.
    start
        Starting weights, as `classification.starting_weights` takes them.
    patch_size
        Side of a patch (px at the pixel size of the model); 0: that of the model.
    without
        What the network does not see.
    """

    name: str
    architecture: Architecture
    plan: PlanName
    start: str
    patch_size: int = 0
    without: Literal["", "blue", "cell"] = ""

    def as_arguments(self) -> dict[str, Any]:
        """Values for JSON, from which the method can be made again."""
        return asdict(self)

    @property
    def input_arguments(self) -> dict[str, Any]:
        """What determines the features of frozen layers."""
        names = ("architecture", "start", "patch_size", "without")
        return {name: getattr(self, name) for name in names}


def plan_methods(
    plans: Sequence[PlanName], starts: Mapping[str, str]
) -> list[NetworkMethod]:
    """One method a plan; those that train the same parameters are one.

    Parameters
    ----------
    plans
        Names of plans of one network each.
    starts
        Starting weights by network.
    """
    methods = {}
    for plan in plans:
        name = SAME_AS.get(plan, plan)
        architecture = PLANS[name].architecture or "inception_v3"
        methods[name] = NetworkMethod(name, architecture, name, starts[architecture])
    return list(methods.values())


def variant_methods(
    of: NetworkMethod, plans: Sequence[NetworkMethod]
) -> list[NetworkMethod]:
    """Other patch sizes, less input, and the networks from random weights.

    Parameters
    ----------
    of
        The method whose input varies.
    plans
        The methods whose networks are trained from random weights.
    """
    arguments = of.as_arguments()
    variants = [
        NetworkMethod(**arguments | {"name": f"{of.name}, {n} px", "patch_size": n})
        for n in _PATCH_SIZES
    ]
    variants += [
        NetworkMethod(**arguments | {"name": f"{of.name}, {words}", "without": without})
        for without, words in (("blue", "no blue"), ("cell", "cell masked"))
    ]
    for architecture in dict.fromkeys(one.architecture for one in plans):
        name = f"{architecture} from scratch"
        variants.append(NetworkMethod(name, architecture, "everything", "random"))
    return variants
