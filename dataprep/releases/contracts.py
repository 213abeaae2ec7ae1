"""Every invariant of a release, proved on its files: `check` gives one result per contract, with the rows that break it."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.errors import CallError
from dataprep.models import model_proof
from dataprep.releases import documents, ledger_suspects, offenders, recount, release_files, suspects
from dataprep.releases.beir_proof import beir_unlike_tables
from dataprep.releases.contract_results import Query, Result, judged, unchecked
from dataprep.releases.numbers import TEXT_COLUMNS, Numbers, numbers
from dataprep.releases.release_files import Published
from dataprep.releases.suspects import Suspects, narrowed, with_numbers
from dataprep.rule_names import rule_names


def check(path: Path) -> list[Result]:
    """Prove the contracts of a build, or of a release alone.

    Args:
        path: A build folder (with release/ and ledger.parquet), or a release folder. What only a
            build can show is reported as unchecked for a release, never as met.

    Returns:
        One result per contract, in the order of a reader's interest. If files are missing or cannot
        be read, nothing else is checked.

    Raises:
        CallError: There is no such folder, or the build has no release yet.
    """
    if not path.is_dir():
        raise CallError(f"{path} is no folder; wanted a build or a release")
    build = path if (path / "release").is_dir() else None
    if build is None and (path / "recipe.toml").is_file():
        raise CallError(f"{path} has no release yet; `dataprep run … --build {path}` makes it")
    release = path / "release" if build else path
    files = judged("every file of a release is there and has its columns", lambda: release_files.unreadable(release))
    queries = dict(_release_contracts(release))
    if files.is_broken:
        return [files, *(unchecked(name, "files are missing or cannot be read") for name in [*queries, *_LEDGER])]
    queries |= model_proof.contracts(build) if build else {}
    return [files, *_ledger_results(build, release), *(judged(name, query) for name, query in queries.items())]


_LEDGER = (
    "every row that was read ends exactly once",
    "the manifest's counts are those of the ledger",
    "no label changed without an event in the ledger",
    "quality.json is what the build's tables give",
)


def _ledger_results(build: Path | None, release: Path) -> Iterator[Result]:
    """The contracts that need the ledger; without one they stay unchecked."""
    once, counts, labels, quality = _LEDGER
    if build is None or not (build / "ledger.parquet").is_file():
        yield from (unchecked(name, "there is no ledger.parquet; check the build that made this release") for name in _LEDGER)
        return
    ledger = pl.scan_parquet(build / "ledger.parquet")
    manifest = release_files.manifest(release)
    yield judged(once, lambda: _without_one_end(ledger))
    yield judged(counts, lambda: documents.counts_unlike_ledger(manifest, ledger))
    rows, judgements = build / "stages/ingest/rows.parquet", release_files.scan(release).judgements
    if rows.exists():
        yield judged(labels, lambda: _labels_changed(ledger, pl.scan_parquet(rows), judgements))
    else:
        yield unchecked(labels, "the build has no stages/ingest/rows.parquet")
    missing = [path for path in recount.STAGE_TABLES.values() if not (build / "stages" / path).exists()]
    if missing:
        yield unchecked(quality, f"the build has no stages/{missing[0]}")
    else:
        yield judged(quality, lambda: recount.quality_unlike_build(build, release, rule_names()))


def _without_one_end(ledger: pl.LazyFrame) -> pl.LazyFrame:
    found = ledger_suspects.rows_without_one_end(ledger)
    return offenders.rows_without_one_end(with_numbers(ledger, "row_id", found)) if len(found) else pl.LazyFrame()


def _labels_changed(ledger: pl.LazyFrame, rows: pl.LazyFrame, judgements: pl.LazyFrame) -> pl.LazyFrame:
    found = ledger_suspects.labels_changed_silently(ledger, rows, judgements)
    some = with_numbers(ledger, "row_id", found), with_numbers(rows, "row_id", found)
    return offenders.labels_changed_silently(*some, judgements) if len(found) else pl.LazyFrame()


def _release_contracts(release: Path) -> Iterator[tuple[str, Query]]:
    """The contracts that a release alone can show, by name."""
    yield from _document_contracts(release).items()
    sifted = _Sifted(release)
    for part in (_identity_contracts, _leak_contracts, _training_contracts):
        yield from part(sifted).items()


class _Sifted:
    """A release whose rows are judged by their texts only where its numbers allow that they break a contract."""

    def __init__(self, release: Path) -> None:
        """Read nothing yet."""
        self._release = release

    @cached_property
    def tables(self) -> Published:
        """Every row."""
        return release_files.scan(self._release)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The thresholds of sameness that the release was made with."""
        found: Mapping[str, Any] = release_files.manifest(self._release)["recipe"]["deduplicate"]
        return found

    @cached_property
    def numbers(self) -> Numbers:
        """Every row in numbers."""
        return numbers(self.tables, shingle_words=self.settings["shingle_words"])

    def query(self, find: Callable[[Numbers], Suspects], judge: Callable[[Published], pl.LazyFrame]) -> Query:
        """Judge the suspects that are found; where there are none, no text is read."""

        def run() -> pl.LazyFrame:
            found = find(self.numbers)
            return pl.LazyFrame() if found.are_none() else judge(narrowed(self.tables, found))

        return run


def _document_contracts(release: Path) -> dict[str, Query]:
    return {
        "every file has the checksum and the rows of the manifest": lambda: documents.tables_unlike_manifest(release),
        "the manifest's counts add up for every source": lambda: documents.counts_that_do_not_add_up(release_files.manifest(release)),
        "the manifest's splits and recipe digest are those of the files": lambda: documents.figures_unlike_files(release),
        "every rule of the recipe is reported, also one that touched no row": lambda: documents.rules_left_out(release),
        "the statistics are those of the release's tables": lambda: recount.statistics_unlike_tables(release),
        "card and task class are what manifest and statistics say": lambda: documents.texts_unlike_figures(release),
        "BEIR's files hold the rows of the tables": lambda: beir_unlike_tables(release),
    }


def _identity_contracts(release: _Sifted) -> dict[str, Query]:
    query = release.query
    return {
        "ids of passages are unique": query(suspects.repeated_passages, lambda some: offenders.repeated(some.corpus, ["_id"])),
        "ids of questions are unique": query(suspects.repeated_queries, lambda some: offenders.repeated(some.queries, ["_id"])),
        "no text is empty and no title is null": lambda: offenders.empty_texts(_every_text(release.tables)),
        "judgements name questions and passages of the release": query(
            suspects.dangling, lambda some: offenders.dangling(some.judgements, some.queries, some.corpus)
        ),
        "each question and passage is judged once": query(
            suspects.repeated_judgements, lambda some: offenders.repeated(some.judgements, ["query-id", "corpus-id"])
        ),
        "qrels are the positive judgements": query(
            suspects.qrels_unlike_judgements, lambda some: offenders.qrels_unlike_judgements(some.qrels, some.judgements)
        ),
        "no question and passage carry two labels": query(
            suspects.two_labels, lambda some: offenders.two_labels(some.judgements, some.queries, some.corpus)
        ),
    }


def _every_text(tables: Published) -> pl.LazyFrame:
    """`_id`, `title` and `text` of passages and questions, and of training rows, whose id is the name of their column."""
    trained = {"pairs": tables.pairs, "triplets": tables.triplets}
    rows = [tables.queries.select("_id", title=pl.lit(""), text="text")]
    for config, table in trained.items():
        columns = [column for column in TEXT_COLUMNS if column in table.collect_schema()]
        rows += [table.select(_id=pl.lit(f"{config}.{column}"), title=pl.lit(""), text=column) for column in columns]
    return pl.concat([tables.corpus, *rows])


def _leak_contracts(release: _Sifted) -> dict[str, Query]:
    query = release.query

    def near_questions(counted: Numbers) -> Suspects:
        min_jaccard = release.settings["min_question_jaccard"]
        return suspects.held_out_questions_nearly_trained_on(counted, release.tables, min_jaccard=min_jaccard)

    return {
        "no group stands in two splits": query(suspects.groups_in_two_splits, lambda some: offenders.groups_in_two_splits(some.groups)),
        "judgements stand in the split of their question": query(
            suspects.judgements_in_another_split, lambda some: offenders.judgements_in_another_split(some.judgements, some.groups)
        ),
        "no question stands in two splits": query(
            suspects.questions_in_two_splits, lambda some: offenders.questions_in_two_splits(some.queries, some.groups)
        ),
        "no positive passage stands in two splits": query(
            suspects.positives_in_two_splits, lambda some: offenders.positives_in_two_splits(some.qrels, some.corpus)
        ),
        "no held-out question is trained on": query(
            suspects.held_out_questions_trained_on,
            lambda some: offenders.held_out_questions_trained_on(some.training_rows("anchor"), some.queries, some.groups),
        ),
        "no near-equal of a held-out question is trained on": query(
            near_questions,
            lambda some: offenders.held_out_questions_nearly_trained_on(
                some.training_rows("anchor"), some.queries, some.groups, min_jaccard=release.settings["min_question_jaccard"]
            ),
        ),
        "no positive passage of a held-out question is trained on": query(
            suspects.held_out_positives_trained_on,
            lambda some: offenders.held_out_positives_trained_on(some.training_rows("positive"), some.qrels, some.corpus),
        ),
    }


def _training_contracts(release: _Sifted) -> dict[str, Query]:
    query = release.query

    def near_positives(some: Published) -> pl.LazyFrame:
        found, n, least = (some.triplets, some.qrels, some.queries, some.corpus), "shingle_words", "min_passage_jaccard"
        return offenders.negatives_near_positives(*found, shingle_words=release.settings[n], min_jaccard=release.settings[least])

    return {
        "every training pair is a positive of its split": query(
            suspects.trained_without_judgement,
            lambda some: offenders.trained_without_judgement(
                pl.concat([rows.select("anchor", "positive", "split") for rows in (some.pairs, some.triplets)]),
                some.qrels,
                some.queries,
                some.corpus,
            ),
        ),
        "no negative is a judged positive of its anchor": query(
            suspects.negatives_that_are_positives,
            lambda some: offenders.negatives_that_are_positives(some.triplets, some.qrels, some.queries, some.corpus),
        ),
        "no negative is a near-duplicate of a positive of its anchor": query(
            lambda counted: suspects.negatives_near_positives(counted, min_jaccard=release.settings["min_passage_jaccard"]),
            near_positives,
        ),
    }
