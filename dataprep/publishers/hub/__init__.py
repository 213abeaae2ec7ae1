"""The Hub as publishing needs it.

`token`: whose it is and what it may do. `calls`: patience, repetition, explanation. `repository`: what is there.
`commit` and `pull_request`: one change. `loading`: the proof that a published commit loads.
"""
