"""Licences of a release: which its sources carry, where they contradict each other, and what the Hub is told.

What follows from a licence is a person's decision (docs/decisions/0007); here its questions are only raised.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from dataprep.releases.card_figures import Figures, plain

# Licences that the Hub knows by name and that sources of text commonly carry (hub docs, repositories-licenses).
HUB_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "agpl-3.0",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "pddl",
        "gfdl",
        "unlicense",
    ]
)
# Licences that demand their own terms for what is made from the texts; members of one family go together.
_SHARE_ALIKE = {
    "cc-by-sa": "Creative Commons share-alike",
    "cc-by-nc-sa": "Creative Commons non-commercial share-alike",
    "gpl": "GNU GPL",
    "agpl": "GNU GPL",
    "lgpl": "GNU GPL",
    "gfdl": "GNU FDL",
    "odbl": "Open Database License",
}


def licences(figures: Figures) -> dict[str, list[str]]:
    """Each licence with the sources that carry it, as written in the recipe."""
    found: dict[str, list[str]] = {}
    for source in figures.manifest["sources"]:
        found.setdefault(str(source["licence"]), []).append(str(source["name"]))
    return dict(sorted(found.items()))


def questions(recipe: Mapping[str, Any]) -> list[str]:
    """What a person has to settle before the texts are passed on, as sentences; none where all is clear.

    Args:
        recipe: The recipe as plain values: `sources` with name, licence and licence_claims.
    """
    sources = recipe["sources"]
    unknown = [str(source["name"]) for source in sources if str(source["licence"]).lower() == "unknown"]
    asked = [f"The licence of {name} is not established." for name in unknown]
    for source in sources:
        claims = _contradicting(source)
        if claims:
            said = "; ".join(f"{claim['licence']} by {claim['by']}" for claim in claims)
            asked.append(f"The licence of {source['name']} is stated differently: {source['licence']} here, {said}.")
    return [*asked, *_clashes(sorted({str(source["licence"]).lower() for source in sources}))]


def is_disputed(recipe: Mapping[str, Any]) -> bool:
    """Whether somebody states another licence for a source than the recipe does."""
    return any(_contradicting(source) for source in recipe["sources"])


def hub_licence(figures: Figures) -> dict[str, str]:
    """The Hub's licence fields: one known licence that nobody disputes, or `other` with a name and a link to LICENSE.md."""
    found = list(licences(figures))
    disputed = is_disputed(figures.recipe)
    if len(found) == 1 and found[0].lower() in HUB_LICENCES and not disputed:
        return {"license": found[0].lower()}
    alone = "stated-differently" if disputed else "unknown" if found[0] == "unknown" else "see-licence-file"
    return {"license": "other", "license_name": alone if len(found) == 1 else "several-licences", "license_link": "LICENSE.md"}


def licence_file(figures: Figures) -> str | None:
    """LICENSE.md: the licence of each source and what is open; null where the Hub knows the one undisputed licence of all."""
    if "license_link" not in hub_licence(figures):
        return None
    lines = [f"- {plain(', '.join(names))}: {plain(licence)}" for licence, names in licences(figures).items()]
    asked = [f"- {plain(question)}" for question in questions(figures.recipe)]
    return "\n".join(
        [
            f"# Licence of {plain(figures.title)}",
            "",
            "The texts keep the licence of the source that they come from; `row_id` in the ledger and the table of sources",
            "in README.md say which that is. Whoever passes the whole on must respect all of them. `unknown` means that",
            "the source's licence is not established: ask its owner before you pass it on.",
            "",
            *lines,
            "",
            *(["To be settled before the texts are passed on:", "", *asked, ""] if asked else []),
        ]
    )


def _contradicting(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Claims of another licence than the recipe's."""
    own = str(source.get("licence")).lower()
    return [claim for claim in source.get("licence_claims", ()) if str(claim["licence"]).lower() != own]


def _clashes(found: list[str]) -> Iterator[str]:
    """Licences that forbid changed texts, and pairs of them whose demands on the whole exclude each other."""
    for licence in found:
        if "-nd-" in licence:
            yield f"{licence} forbids passing on changed texts, and curation changes texts."
    for one, other in combinations(found, 2):
        families = [_family(licence) for licence in (one, other)]
        if all(families) and families[0] != families[1]:
            yield f"{one} and {other} each demand their own terms for what is made from the texts, so no one licence fits the whole."
        for free, bound in ((one, other), (other, one)):
            if "-nc-" in bound and "-nc-" not in free and _family(free) and not _family(bound):
                yield f"{bound} forbids commercial use, which {free} demands to be allowed."


def _family(licence: str) -> str | None:
    """The share-alike family of a licence; null for one that lets others choose their terms."""
    name = licence.rstrip("0123456789.").rstrip("-") if licence[-1:].isdigit() else licence
    return _SHARE_ALIKE.get(name)
