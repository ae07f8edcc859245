"""A full disk is called so, whoever writes."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from napari_cellid.errors import InputError, disk_is_full, file_reason
from napari_cellid.files import atomic_write_folder
from napari_cellid.training.checkpoint import save_tensors

FULL = os.strerror(errno.ENOSPC)
NUMPY = OSError("51200 requested and 13256 written")


def test_what_numpy_says_is_explained() -> None:
    assert FULL in file_reason(NUMPY) and "13256 written" in file_reason(NUMPY)
    assert disk_is_full(NUMPY)
    assert disk_is_full(OSError(errno.ENOSPC, FULL))
    assert not disk_is_full(PermissionError(errno.EACCES, "no"))
    assert file_reason(OSError(errno.EACCES, "no")) == "no"
    assert file_reason(OSError("something else")) == "something else"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kind", ["numpy", "text", "array"])
def test_real_writers(kind: str) -> None:
    with pytest.raises(OSError) as raised, Path("/dev/full").open("wb") as file:
        if kind == "numpy":
            np.zeros(100000).tofile(file)
        elif kind == "array":
            np.save(file, np.zeros(100000))
        else:
            file.write(b"x" * 100000)
    assert FULL in file_reason(raised.value)


@pytest.mark.parametrize("error", [NUMPY, OSError(errno.ENOSPC, FULL)])
def test_a_folder_that_cannot_be_completed(tmp_path: Path, error: OSError) -> None:
    with (
        pytest.raises(InputError, match=f"{FULL}.*disk is full"),
        atomic_write_folder(tmp_path / "result"),
    ):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SafetensorError(f"I/O error: {FULL} (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(InputError, match=FULL):
        save_tensors(tmp_path / "a.safetensors", {"a": torch.zeros(3)}, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
def test_an_image_that_is_cut_off(tmp_path: Path) -> None:
    import subprocess

    program = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from napari_cellid.io.ome_tiff import write_labels\n"
        "from napari_cellid.files import atomic_write_folder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "labels = np.arange(256 * 256, dtype=np.int32).reshape(1, 256, 256)\n"
        "with atomic_write_folder(Path(sys.argv[1])) as folder:\n"
        "    write_labels(folder / 'labels.tif', labels, 1.0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = ended.stderr.splitlines()[-1]
    assert "InputError" in last
    assert "File too large" in last or FULL in last
    assert list(tmp_path.iterdir()) == []
