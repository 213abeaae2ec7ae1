"""Limits on rows: what is measured, what is dropped, what stands in a reference set; `filters.keep` is the way in."""
