"""Makes every picture of the documentation from real windows, on simulated data only.

    python -m tools.docs.screenshots                     # all, into docs/images/window
    python -m tools.docs.screenshots annotate retrain    # the scenes with these names

Needs `xvfb-run`; each scene runs in a window of its own under Xvfb, of a fixed size
and with settings of nobody. The study of simulated animals takes a few minutes to
make; `--work` keeps it for the next time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.docs.simulated_study import make_study

_ROOT = Path(__file__).parents[2]
_PICTURES = _ROOT / "docs" / "images" / "window"
#: scenes, each a function of `tools.docs.scenes`; and whether it shows the study
SCENES = {
    "identify": False,
    "annotate": True,
    "gallery": True,
    "cell_table": True,
    "agreement": True,
    "retrain": True,
}
#: a crash of software OpenGL, which is tried again
_CRASHED = (139, -11)
_SCREEN = "-screen 0 1400x900x24"


def main() -> None:
    """Make the pictures of the scenes that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--out", type=Path, default=_PICTURES)
    parser.add_argument("--work", type=Path, help="folder that keeps the study")
    arguments = parser.parse_args()
    unknown = set(arguments.scenes) - set(SCENES)
    if unknown:
        parser.error(f"no scene is called {', '.join(sorted(unknown))}")
    names = arguments.scenes or list(SCENES)
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if any(SCENES[name] for name in names):
            make_study(work)
        for name in names:
            make_scene(name, work, arguments.out)


def make_scene(name: str, work: Path, out: Path) -> None:
    """Run a scene under Xvfb, and keep its pictures, small.

    Parameters
    ----------
    name
        One of `SCENES`.
    work
        Folder with the study; a copy of it is shown.
    out
        Folder for the pictures.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for _ in range(3):
            code = _run(name, work, folder)
            if code not in _CRASHED:
                break
        if code:
            raise SystemExit(f"scene {name} ended with exit code {code}")
        out.mkdir(parents=True, exist_ok=True)
        for shot in sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]):
            path = Path(shutil.move(shot, out / shot.name))
            print(f"{path} {path.stat().st_size // 1024} kB", flush=True)


def _run(name: str, work: Path, folder: Path) -> int:
    """Run a scene in a process, and return its exit code."""
    settings = folder / "settings"
    settings.mkdir(exist_ok=True)
    command = [
        "xvfb-run", "-a", "-s", _SCREEN, sys.executable, "-m", "tools.docs.scenes",
        name, str(work), str(folder),
    ]  # fmt: skip
    environment = {
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(settings),
        "NAPARI_CONFIG": str(settings / "napari.yaml"),
    }
    return subprocess.run(
        command, cwd=_ROOT, env=os.environ | environment, check=False
    ).returncode


if __name__ == "__main__":
    main()
