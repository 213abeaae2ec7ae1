"""Putting a release and a model where others load them: folders and the Hub."""
