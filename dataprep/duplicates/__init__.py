"""Equal and nearly equal texts: found exactly, guarded, united; `dedup.deduplicate` is the way in."""
