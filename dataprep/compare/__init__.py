"""Two releases compared; `diff.diff` is the way in."""
