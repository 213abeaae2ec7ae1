"""What the data are like: lengths, quality, splits, shortcuts."""
