"""Prefect flows and the command line: names and order only; the work is in dataprep."""
