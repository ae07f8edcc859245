"""Parts that the docks share: worker, forms, tables, layers, shortcuts."""
