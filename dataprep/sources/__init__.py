"""Raw data to rows: one module per kind of source; `read.read_source` is the way in."""
