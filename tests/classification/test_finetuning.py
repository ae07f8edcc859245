"""The paper's transfer plans, by module and by number of trained parameters."""

import pytest
import torch

from napari_cellid.classification.finetuning import (
    PLANS,
    STAGES,
    FinetuningPlan,
    freeze,
    get_plan,
    n_frozen_stages,
    plans_for,
    trained_parameters,
)
from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.partial_forward import run_stages
from napari_cellid.errors import InputError

TRAINED = {
    "resnet18_69": 1_539,
    "resnet18_66": 1_539,
    "resnet18_res5b": 4_722_179,
    "resnet50_174": 6_147,
    "resnet50_161": 4_468_739,
    "resnet50_151": 8_931_331,
    "resnet50_139": 14_970_883,
    "inceptionv3_311": 6_147,
    "inceptionv3_294": 1_058_819,
    "inceptionv3_294_block": 6_082_947,
    "inceptionv3_249": 11_127_555,
    "inceptionv3_139": 18_047_107,
    "inceptionv3_139_block": 18_349_827,
}
TOTAL = {"resnet18": 11_178_051, "resnet50": 23_514_179, "inception_v3": 21_791_715}


@pytest.fixture(scope="module")
def nets():
    return {name: build_network(ClassifierConfig(architecture=name)) for name in TOTAL}


@pytest.mark.parametrize("name", TRAINED)
def test_plan_trains_as_many_parameters_as_the_paper_s(nets, name):
    plan = PLANS[name]
    net = nets[plan.architecture]
    freeze(net, plan)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == TRAINED[name]


@pytest.mark.parametrize("architecture", TOTAL)
def test_everything_trains_everything(nets, architecture):
    plan = get_plan("everything", architecture)
    freeze(nets[architecture], plan)
    trained = [p.numel() for p in nets[architecture].parameters() if p.requires_grad]
    assert sum(trained) == TOTAL[architecture]
    assert n_frozen_stages(plan, architecture) == 0


@pytest.mark.parametrize("name", TRAINED)
def test_nothing_below_the_cut_is_trained(nets, name):
    plan = PLANS[name]
    stages = STAGES[plan.architecture]
    cut = n_frozen_stages(plan, plan.architecture)
    trained = trained_parameters(nets[plan.architecture], plan)
    for stage in stages[:cut]:
        assert not [p for p in trained if p.startswith(f"{stage}.")]
    # and it is as high as it can be
    assert [p for p in trained if any(p.startswith(f"{s}.") for s in stages[cut:])]
    assert not any("dropout" in stage for stage in stages[:cut])


@pytest.mark.parametrize("architecture", TOTAL)
def test_stages_one_after_the_other_are_the_network(nets, architecture):
    net = nets[architecture].eval()
    side = 75 if architecture == "inception_v3" else 32
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = net(images)
        for cut in (0, 4, len(STAGES[architecture]) - 1):
            below = run_stages(net, STAGES[architecture][:cut], images)
            found = run_stages(net, STAGES[architecture][cut:], below)
            torch.testing.assert_close(found, expected)


def test_a_prefix_that_belongs_to_nothing_is_refused(nets):
    plan = FinetuningPlan("everything", None, ("layer4", "layer5"), "")
    with pytest.raises(ValueError, match="layer5"):
        trained_parameters(nets["resnet18"], plan)


def test_a_prefix_ends_at_a_dot(nets):
    plan = FinetuningPlan("everything", None, ("layer1.1", "fc"), "")
    trained = trained_parameters(nets["resnet50"], plan)
    assert {name.split(".")[0] for name in trained} == {"layer1", "fc"}
    assert all(name.startswith(("layer1.1.", "fc.")) for name in trained)


def test_a_plan_of_another_network_is_refused_with_those_that_fit():
    with pytest.raises(InputError, match="resnet18_69, resnet18_66, resnet18_res5b"):
        get_plan("inceptionv3_249", "resnet18")


def test_plans_of_a_network_go_from_shallow_to_deep():
    names = [plan.name for plan in plans_for("inception_v3")]
    counts = [TRAINED.get(name, TOTAL["inception_v3"]) for name in names]
    assert counts == sorted(counts)
