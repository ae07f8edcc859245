"""Where the page of the documentation about each dock is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import napari_cellid

#: page of each dock, and the heading at which it begins
PAGES = {
    "identify": "tour.md#2-identify-the-cells-1-minute",
    "annotate": "tour.md#3-label-cells-yourself-3-minutes",
    "gallery": "tour.md#4-see-a-whole-class-at-once-1-minute",
    "cell_table": "explanation/studies.md#all-cells-in-a-table",
    "agreement": "explanation/agreement.md",
    "retrain": "how-to/retrain.md",
    "traces": "explanation/method.md#traces-and-projections",
}
_PACKAGE = Path(napari_cellid.__file__).parent


def help_address(page: str) -> str:
    """Address of a page: of the site, or of the file that came with the program.

    Parameters
    ----------
    page
        Path in the documentation, with or without a heading.

    Returns
    -------
    :
        An address that begins with https, a path, with or without a heading, or "" if
        the documentation is not there.
    """
    site, folder = _site(), docs_folder()
    if site:
        path, mark, heading = page.partition("#")
        return f"{site.rstrip('/')}/{path.removesuffix('.md')}/{mark}{heading}"
    return "" if folder is None else str(folder / page)


def docs_folder() -> Path | None:
    """Folder with the pages: in an installed package, or beside its source."""
    for folder in (_PACKAGE / "docs", _PACKAGE.parents[1] / "docs"):
        if (folder / "tour.md").is_file():
            return folder
    return None


def slug(heading: str) -> str:
    """The part of an address that leads to a heading, as the site makes it."""
    kept = (c for c in heading.lower() if c.isalnum() or c in " -_")
    return "-".join("".join(kept).split())


def _site() -> str:
    """Address of the documentation that the package names; "" if it names none."""
    try:
        urls = metadata("napari-cellid").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls if ", " in url)
    return str(named.get("Documentation", ""))
