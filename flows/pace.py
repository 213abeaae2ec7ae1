"""How fast a stage goes and how long it will still take, in a few words."""

import time

_MINUTE_S, _HOUR_S = 60, 3_600


class Pace:
    """The pace of one piece of work, measured from the first progress that it tells; a new total is a new piece."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._total, self._first, self._started = -1, 0, 0.0

    def told(self, done: int, total: int) -> str:
        """Take in what is done, and say it: "3 of 12, 0.4 per second, 22 s left"; no pace before the second word of it."""
        now = time.monotonic()
        if total != self._total or done < self._first:
            self._total, self._first, self._started = total, done, now
        counted = f"{done:,} of {total:,}"
        if done <= self._first or now <= self._started:
            return counted
        rate = (done - self._first) / (now - self._started)
        return f"{counted}, {rate:,.3g} per second, {spelt((total - done) / rate)} left"


def spelt(seconds: float) -> str:
    """A duration as a person reads it: 42 s, 3 min, 2 h 5 min."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    hours, rest = divmod(round(seconds / _MINUTE_S), _MINUTE_S)
    return f"{hours} h {rest} min"
