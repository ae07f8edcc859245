"""Reading of CRCNS ssc-2: MAT files of v5 and v7.3, and copies in NWB 1."""
