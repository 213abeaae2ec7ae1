"""Turn raw Polish question-passage pairs into leak-free, deduplicated, documented retrieval releases."""
