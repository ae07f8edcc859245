"""What a training starts from, and what is refused."""

import os
import pickle
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file

from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.pretrained import read_state_dict
from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_weights, save_model

CLASSES = ("excitatory", "inhibitory", "glia")
GIVEN = Path(__file__).parents[3] / "shared" / "weights"


@pytest.fixture(scope="module")
def small_state():
    torch.manual_seed(3)
    return build_network(
        ClassifierConfig(architecture="resnet18", n_classes=9)
    ).state_dict()


def test_shipped_model_keeps_its_head_for_the_same_classes():
    start = load_starting_weights("shipped", CLASSES, "inceptionv3_249")
    assert start.head_kept
    assert start.origin["name"] == "inception_v3"
    assert "MIT" in start.origin["licence"]


def test_classes_in_another_order_permute_the_head():
    before = load_starting_weights("", CLASSES, "inceptionv3_249")
    after = load_starting_weights(
        "", ("glia", "excitatory", "inhibitory"), "inceptionv3_249"
    )
    assert after.head_kept
    for name in ("weight", "bias"):
        old, new = (getattr(one.net.fc, name) for one in (before, after))
        torch.testing.assert_close(new, old[[2, 0, 1]])


def test_other_classes_get_a_new_head():
    start = load_starting_weights("", ("PV", "SST", "VIP", "none"), "inceptionv3_311")
    assert not start.head_kept
    assert start.net.fc.out_features == start.config.n_classes == 4


def test_a_model_of_a_study_is_found_by_name(tmp_path, small_state):
    config = ClassifierConfig(architecture="resnet18", n_classes=3)
    net = build_network(config)
    card = {
        "name": "ours", "task": "classify", "architecture": "resnet18",
        "settings": config.model_dump(), "classes": CLASSES, "combination": "rgb",
        "pixel_size_um": 1.0, "input_size": 64,
    }  # fmt: skip
    made = save_model(tmp_path / "ours", card, net.state_dict())
    start = load_starting_weights("ours", CLASSES, "resnet18_69", tmp_path)
    assert start.origin["weights_sha256"] == made.weights_sha256
    torch.testing.assert_close(
        start.net.fc.weight, load_weights(tmp_path / "ours", made)["fc.weight"]
    )
    with pytest.raises(InputError, match="is for inception_v3"):
        load_starting_weights("ours", CLASSES, "inceptionv3_249", tmp_path)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_state_dict_gives_all_but_the_head(tmp_path, small_state, suffix):
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pth":
        torch.save({"state_dict": small_state}, path)
    else:
        save_file(small_state, path)
    start = load_starting_weights(str(path), CLASSES, "resnet18_69")
    torch.testing.assert_close(
        start.net.layer4[1].conv2.weight, small_state["layer4.1.conv2.weight"]
    )
    assert start.net.fc.out_features == 3


def test_a_malicious_pickle_is_refused_and_does_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"fc.weight": Evil()}))
    with pytest.raises(InputError, match="evil"):
        read_state_dict(path)
    torch.save({"fc.weight": Evil()}, path)
    with pytest.raises(InputError, match="holds more than weights"):
        read_state_dict(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_truncated_file_is_refused(tmp_path, small_state, suffix):
    path = tmp_path / f"cut.{suffix}"
    if suffix == "pth":
        torch.save(small_state, path)
    else:
        save_file(small_state, path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=f"cut.{suffix}"):
        load_starting_weights(str(path), CLASSES, "resnet18_69")


def test_weights_of_another_network_are_refused(tmp_path, small_state):
    path = tmp_path / "w.safetensors"
    save_file(small_state, path)
    with pytest.raises(InputError, match="do not fit the network"):
        load_starting_weights(str(path), CLASSES, "resnet50_174")
    wrong = {**small_state, "conv1.weight": torch.zeros(3, 3)}
    save_file(wrong, path)
    with pytest.raises(InputError, match=r"conv1\.weight"):
        load_starting_weights(str(path), CLASSES, "resnet18_69")


def test_something_else_than_tensors_is_refused(tmp_path):
    path = tmp_path / "list.pt"
    torch.save([1, 2, 3], path)
    with pytest.raises(InputError, match="is no state dict"):
        read_state_dict(path)


@pytest.mark.parametrize("name", ["unet", "nothing such"])
def test_models_of_another_task_and_unknown_ones_are_refused(name):
    with pytest.raises(InputError):
        load_starting_weights(name, CLASSES, "inceptionv3_249")


def test_without_the_internet_one_sentence_says_which_file_to_put_where(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    with pytest.raises(InputError) as caught:
        load_starting_weights("imagenet", CLASSES, "resnet18_69")
    said = str(caught.value)
    assert "resnet18-f37072fd.pth" in said
    assert str(tmp_path) in said
    assert not list(tmp_path.rglob("*.pth"))


@pytest.mark.parametrize(
    ("file", "plan"),
    [
        ("inception_v3_body.safetensors", "inceptionv3_249"),
        ("resnet50_imagenet_v1.safetensors", "resnet50_139"),
    ],
)
@pytest.mark.real
def test_given_starting_weights_fit(file, plan):
    if not (GIVEN / file).is_file():
        pytest.skip("the starting weights are not here")
    start = load_starting_weights(str(GIVEN / file), CLASSES, plan)
    assert start.net.fc.out_features == 3
