#!/usr/bin/env bash
# Install what napari's window (Qt 6) needs from Debian or Ubuntu, and a virtual screen.
# Does nothing where all of it is there. Needs root or sudo.
set -euo pipefail

packages=(
  xvfb xauth libegl1 libgl1 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
  libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
  libxcb-xinerama0 libxcb-xfixes0 libdbus-1-3 libfontconfig1
)

if ! command -v apt-get >/dev/null; then
  echo "No apt-get here: if napari does not start, install Qt 6's libraries by hand."
  exit 0
fi
# glib's package has another name on newer systems; its library has not
if ! ldconfig -p | grep -q libglib-2.0.so.0; then
  glib=libglib2.0-0
  apt-cache show libglib2.0-0t64 >/dev/null 2>&1 && glib=libglib2.0-0t64
  packages+=("$glib")
fi
if dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  exit 0
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Qt's libraries are missing; ask for: apt-get install ${packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
