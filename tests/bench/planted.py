"""Question-passage rows with known truth: sound ones, and every defect that curation must find or must leave alone.

All texts are made here from templates and Polish inflected names; a seed gives the same rows on every
machine. What a row must come to is told by its kind, its cluster (rows whose passages are one and the
same) and its tie (rows that must end in one split).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import planted_words as words
from planted_changes import DAMAGE, LOOK_ALIKES, PERSONAL, pesel
from planted_maker import Maker, Row, jaccard

NEAR_BINS = ((0.95, 1.0), (0.90, 0.95), (0.85, 0.90), (0.80, 0.85), (0.70, 0.80))
MIN_JACCARD = 0.8
_SYMBOLS = "=+%§#±÷"
_WORD = re.compile(r"\w+")


def rows(seed: int, *, scale: int = 40) -> list[Row]:
    """All planted rows.

    Args:
        seed: Seed of the texts.
        scale: Rows per kind, about; clean rows are forty times as many.
    """
    maker = Maker(seed)
    made = [maker.row("clean") for _ in range(40 * scale)]
    made += [maker.row("clean", passage=f"{name} {name} – {maker.passage()}") for name in words.DOUBLE_NAMES]
    for plant in (_short_questions, _damaged, _out_of_limits, _foreign, _personal, _equal, _near, _look_alikes, _conflicts, _tied):
        made += plant(maker, scale)
    maker.random.shuffle(made)
    return made


def sample_rows(folder: Path) -> list[Row]:
    """The sound rows of the bundled sample, as clean rows."""
    planted = {int(line.split("\t")[1]) for line in (folder / "planted.tsv").read_text(encoding="utf-8").split("\n")[1:] if line}
    lines = (folder / "pairs.tsv").read_bytes().split(b"\n")
    sound = [line.decode().split("\t") for number, line in enumerate(lines, start=1) if line and number not in planted and number > 1]
    return [
        Row(key, question, passage, int(label), "clean", (question, passage), f"sample {passage}")
        for key, question, passage, label in sound
    ]


def _short_questions(maker: Maker, scale: int) -> Iterator[Row]:
    """Short Polish questions without diacritics and with foreign names: the language filter must let them pass."""
    made = [t.format(name) for t in words.SHORT_QUESTIONS for name in words.FOREIGN_NAMES]
    for question in maker.random.sample(made, min(15 * scale, len(made))):
        yield maker.row("short question", question)


def _damaged(maker: Maker, scale: int) -> Iterator[Row]:
    for rule, damage in DAMAGE.items():
        for i in range(scale):
            sound = maker.passage()
            if rule == "csv_quotes":
                first, second, rest = sound.split(" ", 2)
                sound = f'{first} "{second}" {rest}'
            elif rule == "doubled_title":
                title = words.TITLES[i % len(words.TITLES)]
                sound = f"{title} – {sound[0].lower()}{sound[1:]}"
            question = maker.question()
            yield maker.row(rule, question, damage(maker.random, sound, i), sound=(question, sound))


def _out_of_limits(maker: Maker, scale: int) -> Iterator[Row]:
    for i in range(scale):
        question, phrase = maker.question(), " ".join(maker.passage().split()[:6])
        yield maker.row("min_question_chars", f"Kto {i}?")
        yield maker.row("max_question_chars", " ".join(maker.question() for _ in range(18)))
        yield maker.row("min_passage_chars", passage=f"To rok {maker.random.randint(1000, 9999)} i {i}.")
        yield maker.row("min_passage_words", passage=f"Zabytki w Zakrzewie Wielkim{i}")
        yield maker.row("min_letter_fraction", passage=" ".join(str(maker.random.randint(100, 99_999)) for _ in range(30)))
        n_letters = sum(map(str.isalpha, phrase))
        n_years = int(0.8 * n_letters - sum(map(str.isdigit, phrase))) // 4 + 1
        years = " ".join(str(maker.random.randint(1000, 1999)) for _ in range(n_years))
        yield maker.row("max_digit_fraction", passage=f"{phrase} {years}")
        yield maker.row("max_symbol_fraction", passage=f"{phrase} {' '.join(maker.random.choices(_SYMBOLS, k=n_letters * 2 // 3))}")
        yield maker.row("max_repeated_fraction", passage=" ".join([phrase] * 8))
        yield maker.row("passage_equals_question", question, question.upper())
        yield maker.row("truncated_passage", passage=maker.passage().rsplit(" ", 2)[0] + " oraz")
        yield maker.row("question_form", maker.passage(1))


def _foreign(maker: Maker, scale: int) -> Iterator[Row]:
    for sentences in words.FOREIGN.values():
        for _ in range(scale // 2):
            city, year = maker.random.choice(words.CITIES)[0], maker.random.randint(1610, 1989)
            yield maker.row("foreign passage", passage=" ".join(maker.random.sample(sentences, 2)).format(city=city, year=year))


def _personal(maker: Maker, scale: int) -> Iterator[Row]:
    for make in PERSONAL:
        for i in range(scale // 2):
            yield maker.row("personal data", passage=f"{maker.passage()} {make(maker.random, i)}")
    for _ in range(scale):
        wrong = str(int(pesel(maker.random, 0)[-12:-1]) + 1)
        yield maker.row("clean", passage=f"{maker.passage()} Sygnatura zbioru to {wrong.zfill(11)}.")


def _equal(maker: Maker, scale: int) -> Iterator[Row]:
    """Copies of rows: equal to the letter, and equal but for case, punctuation and white space."""
    for i in range(4 * scale):
        row = maker.row("exact duplicate" if i % 2 else "folded duplicate")
        yield row
        passage = row.passage if i % 2 else (row.passage.upper(), row.passage.replace(",", " –").replace(". ", "… "))[i // 2 % 2]
        yield maker.row(row.kind, row.question, passage, cluster=row.cluster)


def _near(maker: Maker, scale: int) -> Iterator[Row]:
    """Passages with a few neutral words more, as copies under the same question, by their similarity."""
    wanted = dict.fromkeys(NEAR_BINS, scale)
    while any(wanted.values()):
        passage = maker.passage(maker.random.randint(3, 12))
        copy = maker.edited(passage, maker.random.randint(1, 8))
        similarity = jaccard(passage, copy)
        limits = next((b for b in NEAR_BINS if b[0] <= similarity < b[1]), None)
        if limits and wanted[limits]:
            wanted[limits] -= 1
            row = maker.row(near_kind(limits), passage=passage)
            is_same = limits[0] >= MIN_JACCARD
            yield row
            yield maker.row(row.kind, row.question, copy, **({"cluster": row.cluster} if is_same else {}))


def near_kind(limits: tuple[float, float]) -> str:
    """Name of a strength of near-duplicates."""
    return f"near duplicate, Jaccard {limits[0]:.2f}–{limits[1]:.2f}"


def _look_alikes(maker: Maker, scale: int) -> Iterator[Row]:
    """Passages that differ in one word, and not in what they say by chance: a number, a negation or a name."""
    for kind, change in LOOK_ALIKES.items():
        n_made = 0
        while n_made < 2 * scale:
            passage = maker.passage(maker.random.randint(4, 10))
            other = change(maker.random, passage)
            if other != passage and jaccard(passage, other) >= MIN_JACCARD:
                n_made += 1
                yield maker.row(kind, passage=passage)
                yield maker.row(kind, passage=other)


def _conflicts(maker: Maker, scale: int) -> Iterator[Row]:
    """One question and passage judged both ways: equal, equal when folded, and nearly equal."""
    for i in range(scale):
        row = maker.row("label conflict", passage=maker.passage(8))
        other = (row.passage, row.passage.upper(), maker.edited(row.passage, 1))[i % 3]
        yield row
        yield maker.row(row.kind, row.question, other, label=0, cluster=row.cluster)


def _tied(maker: Maker, scale: int) -> Iterator[Row]:
    """Rows that give each other's answers away: near-equal questions, shared positives, near-equal positives."""
    for _ in range(2 * scale):
        one = maker.row("leak: near-equal question", tie=f"t{next(maker._numbers)}")
        yield one
        yield maker.row(one.kind, one.question.removesuffix("?") + " właściwie?", tie=one.tie)
        shared = maker.row("leak: shared positive", tie=f"t{next(maker._numbers)}")
        yield shared
        yield maker.row(shared.kind, passage=shared.passage, tie=shared.tie, cluster=shared.cluster)
        like = maker.row("leak: near-equal positive", passage=maker.passage(8), tie=f"t{next(maker._numbers)}")
        yield like
        yield maker.row(like.kind, passage=maker.edited(like.passage, 1), tie=like.tie, cluster=like.cluster)


def _is_near(question: set[str], others: list[set[str]]) -> bool:
    """Whether a question's words are, but for a few, those of another: near-equal questions are told by 0.8, this keeps away from it."""
    return any(len(question & other) >= 0.7 * len(question | other) for other in others)


def references(planted: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Further rows that stand in a reference set, and that set.

    Returns:
        Rows of kind "contaminated question" and "contaminated passage", half of them nearly equal to
        the reference, and the rows of the reference set, among them 200 that nothing matches.
    """
    maker = Maker(seed + 1)
    known = [set(_WORD.findall(row.question.lower())) for row in planted]
    made = [maker.row("reference", passage=maker.passage(6)) for _ in range(1_000)]
    ours, theirs = [], [row for row in made if not _is_near(set(_WORD.findall(row.question.lower())), known)][:440]
    for i, reference in enumerate(theirs[:120]):
        question = reference.question if i % 2 else reference.question.removesuffix("?") + " właściwie?"
        ours.append(maker.row("contaminated question", question))
    for i, reference in enumerate(theirs[120:240]):
        question = f"Co podaje zapis numer {i} w starej księdze parafialnej?"
        ours.append(maker.row("contaminated passage", question, reference.passage if i % 2 else maker.edited(reference.passage, 1)))
    for row in ours:
        row.key = row.cluster = f"c{row.key}"
    return ours, theirs
