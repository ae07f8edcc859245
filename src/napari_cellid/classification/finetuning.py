"""Transfer plans: which layers of a network are trained, and which stay as they were.

The paper names its models by the last frozen layer of MATLAB's layer list; the modules
of torchvision that lie behind it are listed here. `_block` plans begin at the start of
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

HEAD = "fc"
_TAIL = ("Mixed_7a", "Mixed_7b", "Mixed_7c", HEAD)
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
    words
        How deep that is, for people.
    paper
        What the paper calls it.
    """

    name: PlanName
    architecture: Architecture | None
    trained: tuple[str, ...]
    words: str
    paper: str = ""


def _plan(
    name: PlanName, trained: tuple[str, ...], words: str, paper: str
) -> FinetuningPlan:
    architecture: Architecture = (
        "inception_v3"
        if name.startswith("inceptionv3")
        else "resnet18"
        if name.startswith("resnet18")
        else "resnet50"
    )
    return FinetuningPlan(name, architecture, trained, words, paper)


_HEAD_WORDS = "the last layer only: quickest, least can go wrong"
_ALL = (
    _plan("inceptionv3_311", (HEAD,), _HEAD_WORDS, "Inception-v3 (311)"),
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
        "the upper half, as in the paper's best model: wants thousands of cells",
        "Inception-v3 (139)",
    ),
    _plan(
        "inceptionv3_139_block",
        ("Mixed_6c", "Mixed_6d", "Mixed_6e", *_TAIL),
        "the upper half, whole blocks",
        "near (139)",
    ),
    _plan("resnet18_69", (HEAD,), _HEAD_WORDS, "ResNet18 (69)"),
    _plan(
        "resnet18_66",
        (HEAD,),
        "the last layer only: the paper's (66) trains the same as its (69)",
        "ResNet18 (66)",
    ),
    _plan("resnet18_res5b", ("layer4.1", HEAD), "the last block", "near (66)"),
    _plan("resnet50_174", (HEAD,), _HEAD_WORDS, "ResNet50 (174)"),
    _plan("resnet50_161", ("layer4.2", HEAD), "the last block", "ResNet50 (161)"),
    _plan(
        "resnet50_151",
        ("layer4.1", "layer4.2", HEAD),
        "the last two blocks",
        "ResNet50 (151)",
    ),
    _plan("resnet50_139", ("layer4", HEAD), "the last three blocks", "ResNet50 (139)"),
    FinetuningPlan(
        "everything", None, (), "every layer: slowest, wants thousands of cells"
    ),
)
#: all plans by name
PLANS: dict[PlanName, FinetuningPlan] = {plan.name: plan for plan in _ALL}
if set(PLANS) != set(get_args(PlanName)):
    raise RuntimeError("every plan of the settings needs its layers")


def _resnet(*blocks: int) -> tuple[str, ...]:
    parts = [f"layer{k}.{one}" for k, n in enumerate(blocks, 1) for one in range(n)]
    return ("conv1", "bn1", "relu", "maxpool", *parts, "avgpool", HEAD)


#: parts of each network in the order in which an image passes them
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
    """Plan of that name, for that network.

    Raises
    ------
    InputError
        If it is for another network.
    """
    plan = PLANS[name]
    if plan.architecture not in (architecture, None):
        fitting = ", ".join(one.name for one in plans_for(architecture))
        raise InputError(
            f"The plan {name} is for {plan.architecture}, but the model to start from "
            f"is a {architecture}; choose one of {fitting}."
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
    found: set[str] = set()
    for prefix in plan.trained:
        here = {n for n in names if n == prefix or n.startswith(f"{prefix}.")}
        if not here:
            raise ValueError(f"the network has nothing named {prefix}")
        found |= here
    return [name for name in names if name in found]


def freeze(net: nn.Module, plan: FinetuningPlan) -> list[str]:
    """Let only the plan's parameters be trained; returns their names."""
    trained = set(trained_parameters(net, plan))
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in trained)
    return [name for name, _ in net.named_parameters() if name in trained]


def n_frozen_stages(plan: FinetuningPlan, architecture: Architecture) -> int:
    """Number of stages (see `STAGES`) below the first that is trained in part.

    Dropout before the last layer is never among them: it is part of training.
    """
    stages = STAGES[architecture]
    if not plan.trained:
        return 0
    first = min(
        k
        for k, stage in enumerate(stages)
        if any(_touches(prefix, stage) for prefix in plan.trained)
    )
    return first - 1 if stages[first - 1] == "dropout" else first


def _touches(prefix: str, stage: str) -> bool:
    return (
        prefix == stage
        or prefix.startswith(f"{stage}.")
        or stage.startswith(f"{prefix}.")
    )
