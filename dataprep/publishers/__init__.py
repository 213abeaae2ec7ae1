"""From a build to where others load it.

`publish_build` is the entry: what goes where, and whether it may. It compares files by content (`file_plan`) and sends
them by `to_folder` or `to_hub`; `targets` reads a target's name, `cards` writes into the two cards where dataset and
model are, `trained_release` looks up where a model's release is published, `last_published` fetches
what a target holds now. `hub` holds the calls to the Hub.
"""
