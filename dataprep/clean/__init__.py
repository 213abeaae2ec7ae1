"""Text to text rules, one idea per module; `cleaning.clean` is the way in."""
