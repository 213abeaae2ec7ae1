"""Clusters: what links tie together, directly or through others."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def clusters(links: pl.DataFrame) -> pl.DataFrame:
    """Number the connected components of links.

    Args:
        links: passage_id and other_id, a pair per row, either way round.

    Returns:
        passage_id and cluster, one row per passage that has a link, sorted by passage_id.
    """
    names = pl.concat([links["passage_id"], links["other_id"]]).unique().sort()
    places = pl.DataFrame({"passage_id": names}).with_row_index("place")
    if not len(names):
        return pl.DataFrame(schema={"passage_id": pl.String, "cluster": pl.Int32})
    numbered = links.join(places, on="passage_id").join(places.rename({"passage_id": "other_id"}), on="other_id", suffix="_other")
    one, other = numbered["place"].to_numpy(), numbered["place_other"].to_numpy()
    _, labels = connected_components(coo_array((np.ones(len(one), bool), (one, other)), shape=(len(names), len(names))), directed=False)
    return pl.DataFrame({"passage_id": names, "cluster": labels})
