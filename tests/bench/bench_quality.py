"""Curation on rows with known truth: what of each kind was planted, found, and done wrong.

    python tests/bench/bench_quality.py --page docs/quality.md

The real stages run on several thousand rows of `planted.py` and the sound rows of the bundled sample.
Recall: the share of a kind's rows that met what was planned for them. Precision: of all rows that got
this treatment, the share for which it was planned. A benchmark, not a test: it exits with 1 if a goal
is missed.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import planted
from planted import Row
from planted_changes import DAMAGE, LOOK_ALIKES
from planted_outcome import RUN, Outcome, run

ROOT = Path(__file__).parents[2]
DROPPED = ("min_question_chars", "max_question_chars", "min_passage_chars", "min_passage_words", "min_letter_fraction")
DROPPED += ("max_digit_fraction", "max_symbol_fraction", "max_repeated_fraction", "passage_equals_question")
REPORTED = {"truncated_passage": "truncated_passage", "question_form": "question_form", "personal data": "personal_data"}
DAMAGED_ALIKE = {"mojibake": ("control_characters",), "html": ("white_space",)}


class Line(NamedTuple):
    """One kind in the table; precision is None where nothing but recall can be told."""

    kind: str
    planned: str
    n_planted: int
    n_found: int
    n_wrong: int | None
    goal: str
    is_met: bool

    def cells(self) -> tuple[str, ...]:
        """The line as the page shows it."""
        recall = f"{self.n_found / self.n_planted:.3f}" if self.n_planted else "–"
        n_treated = self.n_found + (self.n_wrong or 0)
        precision = "–" if self.n_wrong is None or not n_treated else f"{self.n_found / n_treated:.3f}"
        counts = (f"{self.n_planted:,}", f"{self.n_found:,}", precision, recall)
        return (self.kind, self.planned, *counts, self.goal, "met" if self.is_met else "**missed**")


def lines(rows: Sequence[Row], outcome: Outcome) -> list[Line]:
    """The table, kind by kind."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    parts = (_clean, _cleaning, _filtering, _languages, _duplicates, _apart, _leaks, _contaminated)
    return [line for part in parts for line in part(by_kind, rows, outcome)]


def _line(kind: str, planned: str, planted_rows: Sequence[object], hits: Sequence[bool], wrong: int | None, goal: str) -> Line:
    is_met = all(hits) and not wrong
    return Line(kind, planned, len(planted_rows), sum(hits), wrong, goal, is_met)


def _clean(by_kind: dict[str, list[Row]], _: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    found = by_kind["clean"]
    yield _line("sound row", "kept, not one character changed", found, [outcome.is_untouched(row) for row in found], None, "all")


def _cleaning(by_kind: dict[str, list[Row]], rows: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    kind_of = {row.key: row.kind for row in rows}
    for rule in DAMAGE:
        found = by_kind[rule]
        hits = [outcome.cleaned[row.key] == row.sound and row.key in outcome.touched[f"clean.{rule}"] for row in found]
        also = {kind for kind, rules in DAMAGED_ALIKE.items() if rule in rules}
        wrong = sum(kind_of[key] not in {rule, *also} for key in outcome.touched[f"clean.{rule}"])
        yield _line(f"`{rule}`", "the sound text again", found, hits, wrong, "1.00 / 1.00")


def _filtering(by_kind: dict[str, list[Row]], rows: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    kind_of = {row.key: row.kind for row in rows}
    for rule in DROPPED:
        keys = outcome.touched[f"filter.{rule}"]
        found = by_kind[rule]
        wrong = sum(kind_of[key] not in {*DROPPED, "foreign passage"} for key in keys)
        yield _line(f"`{rule}`", "dropped", found, [row.key in keys for row in found], wrong, "1.00 / 1.00")
    for kind, rule in REPORTED.items():
        found = by_kind[kind]
        keys = {key for key, names in outcome.reported.items() if rule in names}
        wrong = sum(kind_of[key] not in {kind, *DROPPED, "foreign passage"} for key in keys)
        yield _line(kind if kind != rule else f"`{rule}`", "reported", found, [row.key in keys for row in found], wrong, "1.00 / 1.00")


def _languages(by_kind: dict[str, list[Row]], rows: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    dropped, foreign = outcome.touched["filter.language"], by_kind["foreign passage"]
    hits = [row.key in dropped for row in foreign]
    polish = [row for row in rows if row.kind not in {"foreign passage", *DROPPED}]
    wrong = [row for row in polish if row.key in dropped]
    yield _line("passage in another language", "dropped", foreign, hits, len(wrong), "1.00 / 1.00")
    questions = {row.question for row in polish}
    n_kept = len(questions - {row.question for row in wrong})
    yield Line("Polish question", "kept by `language`", len(questions), n_kept, None, "≥ 0.998", n_kept >= 0.998 * len(questions))


def _duplicates(by_kind: dict[str, list[Row]], rows: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    wrong = outcome.wrong_merges(rows)
    near = [planted.near_kind(limits) for limits in planted.NEAR_BINS if limits[0] >= planted.MIN_JACCARD]
    for kind in ("exact duplicate", "folded duplicate", *near):
        pairs = _pairs(by_kind[kind], "cluster")
        hits = [
            outcome.passage.get(one.key) == outcome.passage.get(two.key) and (one.key in outcome.kept) != (two.key in outcome.kept)
            for one, two in pairs
        ]
        yield _line(kind, "merged, one of the two kept", pairs, hits, wrong[kind], "1.00 / 1.00")
    pairs = _pairs(by_kind["label conflict"], "cluster")
    settled = outcome.touched["deduplicate.label_conflict"]
    hits = [{one.key, two.key} <= settled and not {one.key, two.key} & outcome.kept.keys() for one, two in pairs]
    known = {row.key for row in by_kind["label conflict"]}
    yield _line("label conflict", "both dropped", pairs, hits, len(settled - known), "1.00 / 1.00")


def _apart(by_kind: dict[str, list[Row]], rows: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    wrong = outcome.wrong_merges(rows)
    below = [planted.near_kind(limits) for limits in planted.NEAR_BINS if limits[0] < planted.MIN_JACCARD]
    for kind in (*LOOK_ALIKES, *below):
        found = by_kind[kind]
        hits = [outcome.is_untouched(row) for row in found]
        yield Line(kind, "kept apart", len(found), sum(hits), None, "0 merged", all(hits) and not wrong[kind])


def _leaks(by_kind: dict[str, list[Row]], _: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    for kind in sorted(kind for kind in by_kind if kind.startswith("leak: ")):
        pairs = _pairs(by_kind[kind], "tie")
        splits = [[outcome.split[outcome.kept[row.key][1]] for row in pair if row.key in outcome.kept] for pair in pairs]
        yield _line(kind, "one split for both", pairs, [len(found) == 2 and len(set(found)) == 1 for found in splits], None, "0 left")


def _contaminated(by_kind: dict[str, list[Row]], _: Sequence[Row], outcome: Outcome) -> Iterable[Line]:
    for column in ("question", "passage"):
        found, keys = by_kind[f"contaminated {column}"], outcome.touched[f"filter.contaminated_{column}"]
        wrong = len(keys - {row.key for row in found})
        yield _line(f"{column} of a reference set", "dropped", found, [row.key in keys for row in found], wrong, "1.00 / 1.00")


def _pairs(rows: Iterable[Row], name: str) -> list[tuple[Row, Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return [pair for members in groups.values() for pair in combinations(members, 2)]


def page(found: Sequence[Line], n_rows: int, seed: int) -> str:
    """docs/quality.md."""
    heads = ("kind", "what must become of it", "planted", "found", "precision", "recall", "goal", "")
    table = [heads, tuple("---" if i < 2 or i > 5 else "--:" for i in range(len(heads))), *(line.cells() for line in found)]
    shown = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    n_met = sum(line.is_met for line in found)
    return f"""# How well curation works

{n_rows:,} rows with known truth went through the stages `{"`, `".join(RUN)}` with the default settings: texts made from templates and
Polish inflected names (`tests/bench/planted.py`, seed {seed}), and the sound rows of the bundled sample.
{n_met} of {len(found)} goals are met. Pairs are counted once. Recall: the share that met what was planned for it.
Precision: of all rows that got this treatment, the share for which it was planned. This page is written by
`python tests/bench/bench_quality.py --page docs/quality.md`.

{shown}

"Sound" texts are what the damaged ones must become, letter for letter. "Near" strengths are word 3-gram Jaccard similarities,
counted independently of the search. Look-alikes have a Jaccard similarity of at least 0.8 and differ in one word. A doubled
title of one short word is not planted: nothing tells it from a name like Duran Duran, which stands among the sound rows.
"""


def misses(rows: Sequence[Row], outcome: Outcome, kind: str, limit: int) -> None:
    """Print rows of a kind with what became of them."""
    for row in [row for row in rows if row.kind == kind][:limit]:
        events = [(e["stage"], e["action"], e["rule"], str(e["after"])[:300]) for e in outcome.by_key[row.key]]
        print(f"{row.key}\n  {row.question}\n  {row.passage}\n  {outcome.cleaned.get(row.key)}\n  {events}")


def main() -> None:
    """Run the benchmark; print the table, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scale", type=int, default=40, help="rows per kind, about")
    parser.add_argument("--page", type=Path, help="the Markdown page to write")
    parser.add_argument("--show", metavar="KIND", help="print what became of rows of a kind")
    arguments = parser.parse_args()
    rows = planted.rows(arguments.seed, scale=arguments.scale)
    ours, references = planted.references(rows, arguments.seed)
    rows += ours + planted.sample_rows(ROOT / "data" / "sample")
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(rows, references, Path(folder))
    found = lines(rows, outcome)
    for line in found:
        print(" | ".join(line.cells()))
    if arguments.show:
        misses(rows, outcome, arguments.show, 40)
    if arguments.page:
        arguments.page.write_text(page(found, len(rows), arguments.seed), encoding="utf-8")
    sys.exit(not all(line.is_met for line in found))


if __name__ == "__main__":
    main()
