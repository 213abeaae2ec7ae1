"""Clusters are the connected components of links."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.duplicates.clusters import clusters


@settings(deadline=None)  # a busy machine is no fault
@given(pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20))
def test_two_passages_share_a_cluster_where_a_chain_of_links_joins_them(pairs: list[tuple[int, int]]) -> None:
    reach = {i: {i} for pair in pairs for i in pair}
    for _ in range(len(reach)):
        for one, other in pairs:
            reach[one] |= reach[other]
            reach[other] |= reach[one]
    links = pl.DataFrame([(f"p{a:02}", f"p{b:02}") for a, b in pairs], schema=["passage_id", "other_id"], orient="row")
    found = dict(clusters(links.cast(pl.String)).iter_rows())
    assert set(found) == {f"p{i:02}" for i in reach}
    for one, together in reach.items():
        assert {other for other in reach if found[f"p{other:02}"] == found[f"p{one:02}"]} == together
