"""Training pairs, base models, training, retrieval evaluation and the model's card."""
