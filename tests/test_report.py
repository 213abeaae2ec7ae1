"""The report page: its samples, its marks, its charts, and what it says of builds in every state."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inflated import inflate

from dataprep.build import Build, existing_build, finish, opened
from dataprep.errors import CallError
from dataprep.io import read_json
from dataprep.pipeline import PREPARE, STAGES
from dataprep.reading_order import in_reading_order
from dataprep.recipes.recipe import Recipe
from dataprep.reports import charts, report
from dataprep.reports.marking import Run, compare, excerpt, visible
from dataprep.reports.notes import in_words
from dataprep.reports.report_examples import MAX_EVENTS, ledger_of
from dataprep.reports.report_remarks import remarks
from dataprep.reports.report_samples import ledger_sample
from dataprep.schemas import LEDGER, ROWS

SAMPLE = Path(__file__).parent.parent / "data/sample/pairs.tsv"
HOSTILE = "</script><script>window.isHostile = true</script><img src=x onerror='window.isHostile = true'>"
TEXTS = st.text(alphabet="abć ,.\n\xad<&", max_size=40)


def recipe(path: Path, **changes: object) -> Recipe:
    source = {"name": "sample", "kind": "tsv", "path": str(path), "licence": "cc0-1.0", "quoting": "none"}
    return Recipe.model_validate({"name": "report", "title": "A <b>bold</b> & plain title", "sources": [source], **changes})


def built(folder: Path, chosen: Recipe, *, until: str) -> Build:
    with opened(folder, chosen) as build:
        for name in PREPARE[: PREPARE.index(until) + 1]:
            finish(STAGES[name], build)
    return build


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The bundled sample with texts that try to break out of the page, in every column."""
    folder = tmp_path_factory.mktemp("hostile")
    question = f"Co to jest {HOSTILE} w języku znaczników?"
    passage = f"Znacznik {HOSTILE} wstawia  do strony program , który działa w przeglądarce."
    rows = [f"{HOSTILE}\t{question}\t{passage}\t1", f"h2\t{question}\t{passage.replace('  ', ' ')}\t0"]
    path = folder / "pairs.tsv"
    path.write_bytes(SAMPLE.read_bytes().rstrip(b"\n") + b"\n" + "\n".join(rows).encode() + b"\n")
    return built(folder / "build", recipe(path, clean={"html": False}, filter={"languages": []}), until="release")


@pytest.fixture(scope="module")
def page(hostile: Build) -> str:
    return report.write_report(hostile).read_text(encoding="utf-8")


def events(groups: Sequence[tuple[str, str, int]]) -> pl.DataFrame:
    """A ledger with so many events of each (source, rule)."""
    named = [(source, rule, i) for source, rule, n in groups for i in range(n)]
    return pl.DataFrame(
        [
            {
                "row_id": f"{source}:{(i * 0x9E3779B97F4A7C15 + len(rule)) % 2**64:016x}",
                "source": source,
                "rule": rule,
                "stage": "clean",
                "action": "changed",
            }
            for source, rule, i in named
        ],
        schema_overrides=dict(LEDGER),
    ).select(
        pl.col(name) if name in {"row_id", "source", "rule", "stage", "action"} else pl.lit(None, dtype).alias(name)
        for name, dtype in LEDGER.items()
    )


GROUPS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["html", "white_space", "mojibake"]), st.integers(1, 300)),
    min_size=1,
    max_size=6,
    unique_by=lambda group: group[:2],
)


@settings(max_examples=25, deadline=None)
@given(groups=GROUPS, limit=st.integers(1, 200), seed=st.integers(0, 9))
def test_every_rule_of_every_source_is_in_the_sample_and_row_order_does_not_matter(
    groups: list[tuple[str, str, int]], limit: int, seed: int
) -> None:
    ledger, rows = events(groups), pl.LazyFrame(schema=ROWS)
    sample = ledger_sample(ledger.lazy(), rows, limit=limit, max_chars=10)
    shuffled = ledger_sample(ledger.sample(fraction=1, shuffle=True, seed=seed).lazy(), rows, limit=limit, max_chars=10)
    found = {
        (source, rule): (n, of)
        for source, rule, n, of in sample.group_by("source", "rule").agg(pl.len(), pl.col("n_group").first()).iter_rows()
    }
    assert found.keys() == {group[:2] for group in groups}
    assert all(found[source, rule][1] == n for source, rule, n in groups)
    assert sample.height <= max(limit, len(groups))
    assert shuffled.equals(sample)
    if sum(n for *_, n in groups) <= limit:
        assert sample.height == ledger.height


def test_small_groups_are_whole_and_large_ones_share_what_is_left() -> None:
    ledger = events([("a", "html", 5), ("a", "mojibake", 500), ("b", "html", 900)])
    sample = ledger_sample(ledger.lazy(), pl.LazyFrame(schema=ROWS), limit=105, max_chars=10)
    assert dict(sample.group_by("source", "rule").len().select(pl.concat_str("source", "rule"), "len").iter_rows()) == {
        "ahtml": 5,
        "amojibake": 50,
        "bhtml": 50,
    }


def test_what_the_page_names_is_in_the_sample_however_small_it_is() -> None:
    ledger = events([("a", "html", 300)]).with_columns(
        query_id=pl.format("q{}", pl.int_range(pl.len()) % 30), passage_id=pl.format("p{}", pl.int_range(pl.len()))
    )
    alone = ledger_sample(ledger.lazy(), pl.LazyFrame(schema=ROWS), limit=20, max_chars=10)
    sample = ledger_sample(ledger.lazy(), pl.LazyFrame(schema=ROWS), limit=20, max_chars=10, named=["q7", "p8", "p9", "no such id"])
    assert sample["query_id"].to_list().count("q7") >= 3
    assert {"p8", "p9"} <= set(sample["passage_id"])
    assert sample.height == sample.unique().height <= alone.height + 5
    assert sample["n_group"].unique().to_list() == [300]


def test_rows_that_were_merely_read_are_left_out_and_texts_are_cut() -> None:
    ledger = pl.concat([events([("a", "html", 2)]), events([("a", "read", 3)]).with_columns(action=pl.lit("read"))])
    rows = (
        ledger.select(row_id="row_id")
        .unique()
        .with_columns(
            source=pl.lit("a"),
            source_key=pl.lit("1"),
            question=pl.lit("Dlaczego?"),
            passage=pl.lit("x" * 99),
            title=pl.lit(""),
            label=pl.lit(1, pl.Int8),
        )
    )
    sample = ledger_sample(ledger.lazy(), rows.lazy(), limit=10, max_chars=5)
    assert sample.height == 2
    assert sample.select("question", "passage").unique().rows() == [("Dlacz", "xxxxx")]


def test_the_ledger_of_a_huge_build_stays_small() -> None:
    many = [(f"source{i}", f"rule{j}", 40) for i in range(10) for j in range(10)]
    ledger = events(many).with_columns(before=pl.lit("漢" * 999), after=pl.lit("字" * 999))  # three bytes each
    rows = (
        ledger.select("row_id", "source")
        .unique("row_id")
        .select(
            "row_id",
            "source",
            pl.lit("k").alias("source_key"),
            pl.lit("語" * 999).alias("question"),
            pl.lit("語" * 999).alias("passage"),
            pl.lit("").alias("title"),
            pl.lit(1, pl.Int8).alias("label"),
        )
    )
    found = ledger_of(ledger_sample(ledger.lazy(), rows.lazy(), limit=MAX_EVENTS, max_chars=120))
    assert len(found["rows"]) == 2_000
    assert found["n_events"] == 4_000
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 4_500_000


@settings(deadline=None)
@given(before=TEXTS, after=TEXTS, by=st.sampled_from(["characters", "words"]))
def test_marks_lose_nothing_of_either_text(before: str, after: str, by: str) -> None:
    runs = compare(before, after, by=by)  # type: ignore[arg-type]
    assert "".join(run.text for run in runs if run.kind != "added") == before
    assert "".join(run.text for run in runs if run.kind != "removed") == after


@given(text=TEXTS)
def test_equal_texts_have_no_marks_and_a_visible_beginning(text: str) -> None:
    assert {run.kind for run in compare(text, text, by="characters")} <= {"same"}
    assert excerpt(compare(f"a{text}", f"a{text}", by="characters"))[0].text.startswith("a")


@pytest.mark.parametrize(
    ("before", "after", "by", "marked"),
    [
        ("Ala  ma kota", "Ala ma kota", "characters", "Ala [-␣]ma kota"),
        ("Ala ma kota\xad", "Ala ma kota", "characters", "Ala ma kota[-⟨U+00AD⟩]"),
        ("w 1849 roku", "w 1905 roku", "words", "w [-1849][+1905] roku"),
        ("nie ma prawa", "ma prawa", "words", "[-nie ]ma prawa"),
        ("ma kota i psa", "ma psa i kota", "words", "ma [-kota][+psa] i [-psa][+kota]"),
        ("ma 2 koty", "mają dwa psy", "words", "[-ma 2 koty][+mają dwa psy]"),
        ("a\nb", "ab", "characters", "a[-↵\n]b"),
    ],
)
def test_changes_are_marked_so_that_they_can_be_seen(before: str, after: str, by: str, marked: str) -> None:
    signs = {"removed": "[-{}]", "added": "[+{}]"}
    runs = [visible(run) for run in compare(before, after, by=by)]  # type: ignore[arg-type]
    assert "".join(signs.get(run.kind, "{}").format(run.text) for run in runs) == marked


def test_excerpts_keep_changes_and_whole_words_beside_them() -> None:
    words = "jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć " * 3
    runs = excerpt(compare(f"{words}kot {words}", f"{words}pies {words}", by="words"), context=20)
    assert [run.kind for run in runs] == ["gap", "same", "removed", "added", "same", "gap"]
    assert runs[1] == Run("same", "dziewięć dziesięć ")
    assert runs[4] == Run("same", " jeden dwa trzy")


def test_long_texts_are_compared_in_time() -> None:
    before = " ".join(f"słowo{i}" for i in range(4_000))
    runs = compare(before, before.replace("słowo7", "wyraz7"), by="characters")
    assert sum(len(run.text) for run in runs if run.kind != "added") == len(before)


def test_the_page_shows_the_manifests_figures(hostile: Build, page: str) -> None:
    manifest = read_json(hostile.release / "manifest.json")
    for end in ("kept", "merged", "dropped", "rejected"):
        n_rows = sum(manifest["counts"][end].values())
        assert re.search(rf'href="#ledger\?source=sample&amp;action={end}">{n_rows:,}</a>', page), end
    for rule, n_rows in manifest["counts"]["by_rule"].items():
        stage, name = rule.split(".", 1)
        assert not n_rows or f'<a href="#ledger?stage={stage}&amp;rule={name}">{n_rows:,}</a>' in page


def test_every_number_of_a_rule_leads_to_rows_that_are_there(page: str) -> None:
    found = json.loads(re.search(r'id="ledger-data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    columns = found["columns"]
    there = {(row[columns.index("stage")], row[columns.index("rule")]) for row in found["rows"]}
    linked = set(re.findall(r'href="#ledger\?stage=(\w+)&amp;rule=(\w+)"', page))
    assert linked
    assert linked <= there


def test_texts_of_the_data_never_become_markup(page: str) -> None:
    assert "<script>window" not in page
    assert "<img src=x" not in page
    assert "<b>bold</b>" not in page
    assert page.count("<script") == 2  # the ledger's rows and the page's own program
    assert "&lt;script&gt;window.isHostile" in page


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', page)
    assert "default-src 'none'" in page


def test_equal_builds_give_equal_pages(hostile: Build, page: str) -> None:
    assert report.render(hostile) == page
    assert str(hostile.folder) not in page


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ('{"min_passage_words": {"value": 3, "limit": 5}}', "min_passage_words 3 (limit 5)"),
        (
            '{"max_passage_chars": {"value": 20324, "limit": 20000}, "a": {"value": 0.37234}}',
            "max_passage_chars 20,324 (limit 20,000); a 0.3723",
        ),
        ('{"language": {"value": "uk 0, nor Polish", "limit": ["pl", "cs"]}}', "language uk 0, nor Polish (limit pl, cs)"),
        ('{"passage_equals_question": {"value": true, "limit": false}}', "passage_equals_question"),
        ("2 columns; wanted 4", "2 columns; wanted 4"),
        ('{"cut', '{"cut'),
        ("{}", ""),
        ('{"a": 1}', '{"a": 1}'),
    ],
)
def test_measured_values_are_told_in_words(after: str, said: str) -> None:
    assert in_words(after) == said


def test_rows_that_left_are_shown_with_what_was_measured(page: str) -> None:
    part = page[page.index('<h3 id="left">') : page.index('<section id="duplicates">')]
    assert "min_passage_words 3 (limit 5)" in part
    assert "<p>label 0</p>" in part
    assert part.index("2 columns; wanted 4") < part.index("min_passage_words 3") < part.index("label_conflict")


def test_the_page_of_a_large_build_samples_says_so_and_stays_small(hostile: Build, tmp_path: Path) -> None:
    """`tests/bench/bench_report.py` does the same with ten million rows."""
    large = existing_build(inflate(hostile.folder, tmp_path / "large", times=40))
    page = report.write_report(large).read_text(encoding="utf-8")
    n_events = pl.scan_parquet(large.folder / "ledger.parquet").filter(pl.col("action") != "read").select(pl.len()).collect().item()
    assert re.search(rf"A sample of [\d,]+ of the {n_events:,} events in the ledger", page)
    assert "Not proved on this page, because the build is large." in page
    assert len(page.encode()) < 2_000_000


def test_a_build_without_a_model_says_so(page: str) -> None:
    assert "This build stopped before the evaluation." in page
    assert "This build stopped before the training." in page


def test_a_build_without_a_release_shows_its_stages(tmp_path: Path) -> None:
    build = built(tmp_path / "build", recipe(SAMPLE), until="clean")
    page = report.write_report(build).read_text(encoding="utf-8")
    assert "This build has no release yet." in page
    assert "rows read" in page
    assert page.count("not finished") == 8


def test_an_interrupted_write_leaves_the_old_page(hostile: Build, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_build: Build) -> str:
        raise CallError("interrupted")

    monkeypatch.setattr(report, "render", fail)
    with pytest.raises(CallError):
        report.write_report(hostile)
    assert (hostile.folder / "report.html").read_text(encoding="utf-8") == page


def test_figures_stand_in_the_order_of_reading() -> None:
    found = in_reading_order({"test": 1, "train": {"64": 1, "256": 2, "128": 3}, "validation": [{"finetuned": 1, "bm25": 2}]})
    assert list(found) == ["train", "validation", "test"]
    assert list(found["train"]) == ["256", "128", "64"]
    assert list(found["validation"][0]) == ["bm25", "finetuned"]


@pytest.mark.parametrize(
    ("low", "high", "verdict", "tone"),
    [(0.01, 0.2, "is better than", "good"), (-0.1, 0.2, "cannot be told from", "look"), (-0.2, -0.01, "is worse than", "bad")],
)
def test_a_gain_is_claimed_only_where_its_interval_excludes_zero(hostile: Build, low: float, high: float, verdict: str, tone: str) -> None:
    figures = report.figures_of(hostile)
    difference = {"ndcg@10": {"value": (low + high) / 2, "low": low, "high": high}}
    figures["evaluation"] = {"differences": {"finetuned-base": {"128": difference}}}
    said = [remark for remark in remarks(figures) if "fine-tuned" in remark.text]
    assert [(remark.tone, verdict in remark.text) for remark in said] == [(tone, True)]


def test_a_broken_contract_is_the_first_thing_said(hostile: Build) -> None:
    figures = report.figures_of(hostile)
    broken = figures["contracts"][0]._replace(state="broken", n_offenders=3)
    found = remarks({**figures, "contracts": [broken]})
    assert (found[0].tone, broken.name in found[0].text) == ("bad", True)


def drawn() -> dict[str, str]:
    bins = [{"from": i * 10, "to": i * 10 + 9, "n_texts": 9 - i} for i in range(9)] + [{"from": 90, "to": 400, "n_texts": 3}]
    return {
        "fates": charts.fates(
            {"ź": {"kept": 9, "merged": 1, "dropped": 0, "rejected": 2}, "empty": {"kept": 0, "merged": 0, "dropped": 0, "rejected": 0}}
        ),
        "bars": charts.bars({"clean.html": 1_200, "a$b$ <c>": 0}, link=lambda name: f"#ledger?rule={len(name)}"),
        "shares": charts.shares({"train": 0.7, "test": 0.3}, {"train": 0.65, "test": 0.35}),
        "histogram": charts.histogram(bins, limit=64, unit="tokens"),
        "intervals": charts.intervals([("BM25", "bm25", 0.5, 0.4, 0.6), ("base 64", "base", 0.3, 0.2, 0.35)], unit="ndcg@10"),
        "lines": charts.lines({"pairs": [(1, 3.0), (2, 1.5)], "triplets": [(1, 1.0), (2, 0.5)]}, x="step", y="loss"),
    }


def test_charts_are_equal_for_equal_figures_and_hold_their_text() -> None:
    first = drawn()
    assert drawn() == first
    for name, text in {
        "fates": "rejected",
        "bars": "1,200",
        "shares": "65.0 %",
        "histogram": "cut at 64",
        "intervals": "base 64",
        "lines": "triplets",
    }.items():
        assert text in "".join(ET.fromstring(first[name]).itertext()), name  # noqa: S314 - our own drawing
    assert "a$b$ <c>" in "".join(ET.fromstring(first["bars"]).itertext())  # noqa: S314


def test_charts_of_one_page_share_no_id_and_take_the_pages_colours() -> None:
    inlined = [charts.inline(svg, name=name, label='a "label"') for name, svg in drawn().items()]
    ids = [found for svg in inlined for found in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(set(ids)) == len(ids)
    for svg in inlined:
        assert not any(colour in svg for colour in charts.COLOURS.values())
        assert "var(--" in svg
        assert "<style" not in svg
        assert "_blank" not in svg
        targets = set(re.findall(r'href="#(chart[^"]*)"|url\(#([^)]*)\)', svg))
        assert {a or b for a, b in targets} <= set(ids)
