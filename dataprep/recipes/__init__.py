"""Recipes: what a run may vary, as models; those that come with the package, as TOML."""
