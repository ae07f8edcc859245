"""HDF5 files of CaImAn."""
