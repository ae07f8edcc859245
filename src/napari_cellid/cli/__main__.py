"""`python -m napari_cellid.cli`: the command line where no script was installed."""

import sys

from napari_cellid.cli import main

if __name__ == "__main__":
    sys.exit(main())
