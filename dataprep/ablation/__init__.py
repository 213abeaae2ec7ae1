"""Ablation: the same base model and budget over several data recipes, compared query by query."""
