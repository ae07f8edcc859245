"""Finetuning plans: which layers of a network are trained, and which are frozen.

The paper names its models by the last frozen layer of MATLAB's layer list; the modules
of torchvision that follow it are listed here. `_block` plans begin at the start of
the block into which the paper's number falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from napari_cellid.config import PlanName
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from napari_cellid.classification.networks import Architecture
    from napari_cellid.config import ClassifierTrainingConfig

HEAD = "fc"
_TAIL = ("Mixed_7a", "Mixed_7b", "Mixed_7c", HEAD)
# MATLAB's list interleaves the layers of parallel branches, so a cut inside a block
# goes through its branches at different depths
_LITERAL_294 = (
    "branch1x1", "branch_pool", "branch3x3_2a.bn", "branch3x3_2b.bn",
    "branch3x3dbl_3a.bn", "branch3x3dbl_3b.bn",
)  # fmt: skip
_LITERAL_139 = (
    "branch1x1", "branch7x7_1", "branch7x7_2", "branch7x7_3", "branch7x7dbl_3",
    "branch7x7dbl_4", "branch7x7dbl_5", "branch_pool",
)  # fmt: skip


@dataclass(frozen=True)
class FinetuningPlan:
    """Which part of a network is trained.

    Parameters
    ----------
    name
        As in settings.
    architecture
        The network it is for; None for any.
    trained
        Prefixes of the trained modules; none for everything.
    description
        How deep that is, and what it suits.
    paper_name
        Name of the model in the paper.
    """

    name: PlanName
    architecture: Architecture | None
    trained: tuple[str, ...]
    description: str
    paper_name: str = ""


def _plan(
    name: PlanName, trained: tuple[str, ...], description: str, paper_name: str
) -> FinetuningPlan:
    architecture: Architecture = (
        "inception_v3"
        if name.startswith("inceptionv3")
        else "resnet18"
        if name.startswith("resnet18")
        else "resnet50"
    )
    return FinetuningPlan(name, architecture, trained, description, paper_name)


_HEAD_ONLY = "the last layer only: quickest, and the least can go wrong"
_ALL = (
    _plan("inceptionv3_311", (HEAD,), _HEAD_ONLY, "Inception-v3 (311)"),
    _plan(
        "inceptionv3_294",
        (*(f"Mixed_7c.{name}" for name in _LITERAL_294), HEAD),
        "parts of the last block",
        "Inception-v3 (294)",
    ),
    _plan("inceptionv3_294_block", ("Mixed_7c", HEAD), "the last block", "near (294)"),
    _plan(
        "inceptionv3_249",
        ("Mixed_7b", "Mixed_7c", HEAD),
        "the last two blocks: a good start for a few hundred cells",
        "Inception-v3 (249)",
    ),
    _plan(
        "inceptionv3_139",
        (
            *(f"Mixed_6c.{name}" for name in _LITERAL_139),
            "Mixed_6d",
            "Mixed_6e",
            *_TAIL,
        ),
        "the upper half, as in the paper's best model: needs thousands of cells",
        "Inception-v3 (139)",
    ),
    _plan(
        "inceptionv3_139_block",
        ("Mixed_6c", "Mixed_6d", "Mixed_6e", *_TAIL),
        "the upper half, whole blocks",
        "near (139)",
    ),
    _plan("resnet18_69", (HEAD,), _HEAD_ONLY, "ResNet18 (69)"),
    _plan(
        "resnet18_66",
        (HEAD,),
        "the last layer only: the paper's (66) trains the same as its (69)",
        "ResNet18 (66)",
    ),
    _plan("resnet18_res5b", ("layer4.1", HEAD), "the last block", "near (66)"),
    _plan("resnet50_174", (HEAD,), _HEAD_ONLY, "ResNet50 (174)"),
    _plan("resnet50_161", ("layer4.2", HEAD), "the last block", "ResNet50 (161)"),
    _plan(
        "resnet50_151",
        ("layer4.1", "layer4.2", HEAD),
        "the last two blocks",
        "ResNet50 (151)",
    ),
    _plan("resnet50_139", ("layer4", HEAD), "the last three blocks", "ResNet50 (139)"),
    FinetuningPlan(
        "everything", None, (), "every layer: slowest, needs thousands of cells"
    ),
)
#: every plan by its name
PLANS: dict[PlanName, FinetuningPlan] = {plan.name: plan for plan in _ALL}
# settings know the names without importing the layers, so the two can drift apart
if set(PLANS) != set(get_args(PlanName)):
    raise RuntimeError("every plan of the settings needs its layers")


def _resnet(*blocks: int) -> tuple[str, ...]:
    layers = [
        f"layer{k}.{block}" for k, n in enumerate(blocks, 1) for block in range(n)
    ]
    return ("conv1", "bn1", "relu", "maxpool", *layers, "avgpool", HEAD)


#: stages of each network in the order of its forward pass
STAGES: dict[Architecture, tuple[str, ...]] = {
    "inception_v3": (
        "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1",
        "Conv2d_4a_3x3", "maxpool2", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a",
        "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7a", "Mixed_7b",
        "Mixed_7c", "avgpool", "dropout", HEAD,
    ),
    "resnet18": _resnet(2, 2, 2, 2),
    "resnet50": _resnet(3, 4, 6, 3),
}  # fmt: skip


def plans_for(architecture: Architecture) -> list[FinetuningPlan]:
    """Plans that suit a network, from the shallowest to the deepest."""
    return [plan for plan in _ALL if plan.architecture in (architecture, None)]


def get_plan(name: PlanName, architecture: Architecture) -> FinetuningPlan:
    """Look up a plan and check that it suits a network.

    Raises
    ------
    InputError
        If it is for another network.
    """
    plan = PLANS[name]
    if plan.architecture not in (architecture, None):
        names = ", ".join(suited.name for suited in plans_for(architecture))
        raise InputError(
            f"The plan {name} is for {plan.architecture}, but the model to start from "
            f"is {architecture}; choose one of {names}."
        )
    return plan


def trained_parameters(net: nn.Module, plan: FinetuningPlan) -> list[str]:
    """Names of the parameters that a plan trains.

    A parameter belongs to a prefix when its name is the prefix or begins with it and a
    dot.

    Raises
    ------
    ValueError
        If a prefix of the plan belongs to no parameter.
    """
    names = [name for name, _ in net.named_parameters()]
    if not plan.trained:
        return names
    trained: set[str] = set()
    for prefix in plan.trained:
        matches = {n for n in names if n == prefix or n.startswith(f"{prefix}.")}
        if not matches:
            raise ValueError(f"the network has nothing named {prefix}")
        trained |= matches
    return [name for name in names if name in trained]


def freeze(net: nn.Module, plan: FinetuningPlan) -> list[str]:
    """Freeze all parameters that a plan does not train; returns the trained ones."""
    trained = set(trained_parameters(net, plan))
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in trained)
    return [name for name, _ in net.named_parameters() if name in trained]


def n_frozen_stages(plan: FinetuningPlan, architecture: Architecture) -> int:
    """Number of stages (see `STAGES`) before the first that is trained, or partly.

    Dropout before the last layer is not among them, for it is part of the training.
    """
    stages = STAGES[architecture]
    if not plan.trained:
        return 0
    # frozen layers behind the first trained one see new input in every step
    first = min(
        k
        for k, stage in enumerate(stages)
        if any(_touches(prefix, stage) for prefix in plan.trained)
    )
    return first - 1 if stages[first - 1] == "dropout" else first


def split_stages(
    net: nn.Module, architecture: Architecture, config: ClassifierTrainingConfig
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Freeze a network as a plan says, and split its stages into frozen and trained.

    Where batch statistics adapt, the output of a stage depends on the batch and cannot
    be cached. All stages count as trained then, though their weights are not.
    """
    plan = get_plan(config.plan, architecture)
    freeze(net, plan)
    stages = STAGES[architecture]
    n = 0 if config.batch_norm == "adapt" else n_frozen_stages(plan, architecture)
    return stages[:n], stages[n:]


def _touches(prefix: str, stage: str) -> bool:
    return (
        prefix == stage
        or prefix.startswith(f"{stage}.")
        or stage.startswith(f"{prefix}.")
    )
