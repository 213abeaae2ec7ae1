"""The folder that is published as a dataset: tables, ledger, manifest, card, and the contracts that they hold."""
