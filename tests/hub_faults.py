"""What goes wrong between a client and the Hub: one failure, and seeded schedules of several."""

import json
import random
from dataclasses import dataclass


@dataclass
class Fault:
    """A failure of the next requests that match.

    Attributes:
        path: Pattern that the path must hold.
        how: A status, "drop" (reset before the request is carried out), "lost" (carried out, then reset), "slow", "hang" (no
            answer, nothing done), "late" (done, but no answer) or "overdue" (a gateway's 504, then it is carried out all the same).
        method: The method that it must have; any if empty.
        times: How many requests it meets.
        headers: Of the answer with a status.
        body: Of that answer.
    """

    path: str
    how: int | str
    method: str = ""
    times: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    body: str = '{"error": "fault"}'


PLACES = {
    "create": ("POST", "/repos/create"),
    "preupload": ("POST", "/preupload/"),
    "upload": ("", "/_large/|/lfs/objects/"),
    "commit": ("POST", "/commit/"),
    "tag": ("POST", "/tag/"),
    "tree": ("GET", "/tree/"),
    "refs": ("GET", "/refs|/revision/"),
}
_HOWS: tuple[tuple[int | str, tuple[tuple[str, str], ...]], ...] = (
    (500, ()),
    (503, (("Retry-After", "1"),)),
    (429, (("RateLimit", '"api";r=0;t=2'), ("RateLimit-Policy", '"fixed window";"api";q=1000;w=300'))),
    ("drop", ()),
    ("lost", ()),
    ("slow", ()),
    ("hang", ()),
    ("late", ()),
    ("overdue", ()),
)


def random_faults(seed: int) -> list[Fault]:
    """A schedule of one to five failures somewhere on the way of a publication; the same for the same seed."""
    rng = random.Random(seed)
    found = []
    for _ in range(rng.randint(1, 5)):
        method, path = PLACES[rng.choice(sorted(PLACES))]
        how, headers = rng.choice(_HOWS)
        found.append(Fault(path, how, method, rng.randint(1, 2), headers, json.dumps({"error": "fault"})))
    return found
