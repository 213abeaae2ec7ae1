"""Question-passage rows with known truth: sound ones, and every defect that curation must find or must leave alone.

All texts are made here from templates and Polish inflected names; a seed gives the same rows on every
machine. What a row must come to is told by its kind, its cluster (rows whose passages are one and the
same) and its tie (rows that must end in one split).
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import planted_words as words

NEAR_BINS = ((0.95, 1.0), (0.90, 0.95), (0.85, 0.90), (0.80, 0.85), (0.70, 0.80))
MIN_JACCARD = 0.8
_FILLERS = ("zapewne", "właśnie", "zarazem", "podobno", "zwyczajnie", "niebawem", "wszakże", "notabene")
_WORD = re.compile(r"\w+")


@dataclass
class Row:
    """A source row and what must come of it.

    Attributes:
        key: Its id in the source.
        kind: What was planted; "clean" for a sound row.
        sound: For damaged texts: what they must look like once cleaned (question, passage).
        cluster: Rows of one cluster have the same passage; they alone may be merged.
        tie: Rows of one tie must end in one split; "" for rows that are tied to nothing.
    """

    key: str
    question: str
    passage: str
    label: int
    kind: str
    sound: tuple[str, str]
    cluster: str
    tie: str = ""


def jaccard(one: str, other: str, n: int = 3) -> float:
    """Similarity of the word n-gram sets of two texts, counted in the plainest way."""
    sets = []
    for text in (one, other):
        found = _WORD.findall(text.lower())
        sets.append({tuple(found[i : i + n]) for i in range(max(len(found) - n + 1, 1))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


class Maker:
    """Makes texts that never repeat, and rows with running keys."""

    def __init__(self, seed: int) -> None:
        """Begin a sequence.

        Args:
            seed: The same seed gives the same texts.
        """
        self.random = random.Random(seed)
        self._seen: set[str] = set()
        self._numbers = count()

    def row(self, kind: str, question: str = "", passage: str = "", **known: object) -> Row:
        """A row; texts that are not given are made, and count as sound as they stand."""
        key = f"r{next(self._numbers):06}"
        question, passage = question or self.question(), passage or self.passage()
        defaults = {"label": 1, "sound": (question, passage), "cluster": key, "tie": ""}
        return Row(key=key, kind=kind, question=question, passage=passage, **{**defaults, **known})  # type: ignore[arg-type]

    def passage(self, n_sentences: int = 3) -> str:
        """A passage of about thirteen words per sentence."""
        return self._new(lambda: " ".join(self._filled(t) for t in self.random.sample(words.SENTENCES, n_sentences)))

    def question(self) -> str:
        """A question of eight words or more."""
        return self._new(lambda: self._filled(self.random.choice(words.QUESTIONS)))

    def edited(self, text: str, n_edits: int) -> str:
        """The text with neutral words put between two lower-case words, at places far from each other."""
        parts = text.split(" ")
        places = [i for i in range(1, len(parts)) if parts[i - 1].isalpha() and parts[i - 1].islower() and parts[i][0].islower()]
        for place in sorted(self.random.sample(places, min(n_edits, len(places))), reverse=True):
            parts.insert(place, self.random.choice(_FILLERS))
        return " ".join(parts)

    def _new(self, make: Callable[[], str]) -> str:
        while (text := make()) in self._seen:
            pass
        self._seen.add(text)
        return text

    def _filled(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: self._slot(slot[1]), template)

    def _slot(self, name: str) -> str:
        if name == "year":
            return str(self.random.randint(1610, 1989))
        if name == "number":
            return str(self.random.randint(12, 980))
        kind, _, case = name.partition("_")
        if kind == "person":
            at = words.CASES.index(case)
            return f"{self.random.choice(words.FIRST_NAMES)[at]} {self.random.choice(words.LAST_NAMES)[at]}"
        if kind == "city":
            return self.random.choice(words.CITIES)[words.CASES.index(case)]
        return self.random.choice(words.LISTS[name])


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
            yield maker.row(rule, question, damage(maker, sound, i), sound=(question, sound))


def _mojibake(_: Maker, text: str, i: int) -> str:
    pairs = [("utf-8", "latin-1"), ("cp1250", "latin-1"), ("iso-8859-2", "latin-1")]
    if not set(text) & set("ŁĘ–"):  # cp1250 has no character for some of their bytes
        pairs.append(("utf-8", "cp1250"))
    written, read = pairs[i % len(pairs)]
    return text.encode(written).decode(read)


def _control(maker: Maker, text: str, i: int) -> str:
    place = maker.random.choice([j for j in range(1, len(text)) if text[j - 1 : j + 1].isalpha()])
    return text[:place] + "\u200b\u00ad\ufeff\u202d\u2060"[i % 5] + text[place:]


def _html(_: Maker, text: str, i: int) -> str:
    first, rest = text.split(" ", 1)
    return (f"<b>{first}</b> {rest}", text.replace("ó", "&oacute;") + "<br/>", f"<p>{text}</p>")[i % 3]


def _wiki(_: Maker, text: str, i: int) -> str:
    first, rest = text.split(" ", 1)
    return (f"'''{first}''' {rest}", f"[[{first}]] {rest}", f"[[Osoba|{first}]] {rest}", f"Plik:Portret.jpg|thumb|{text}")[i % 4]


def _spread(_: Maker, text: str, i: int) -> str:
    return (text.replace(" ", "  ", 3), f" {text} ", text.replace(" ", "\u00a0", 2), text.replace(" ", "\n", 1))[i % 4]


DAMAGE: dict[str, Callable[[Maker, str, int], str]] = {
    "mojibake": _mojibake,
    "unicode_nfc": lambda _maker, text, _i: unicodedata.normalize("NFD", text),
    "control_characters": _control,
    "csv_quotes": lambda _maker, text, _i: '"' + text.replace('"', '""') + '"',
    "html": _html,
    "wiki_markup": _wiki,
    "doubled_title": lambda _maker, text, _i: f"{text.split(' –')[0]} {text}",
    "empty_parentheses": lambda _maker, text, i: text.replace(" ", (" () ", " ( ) ")[i % 2], 1),
    "space_before_punctuation": lambda _maker, text, _i: text[:-1] + " " + text[-1],
    "white_space": _spread,
}


def _out_of_limits(maker: Maker, scale: int) -> Iterator[Row]:
    for i in range(scale):
        question, phrase = maker.question(), " ".join(maker.passage().split()[:6])
        yield maker.row("min_question_chars", f"Kto {i}?")
        yield maker.row("max_question_chars", " ".join(maker.question() for _ in range(18)))
        yield maker.row("min_passage_chars", passage=f"To rok {maker.random.randint(1000, 9999)} i {i}.")
        yield maker.row("min_passage_words", passage=f"Zabytki w Zakrzewie Wielkim{i}")
        yield maker.row("min_letter_fraction", passage=" ".join(str(maker.random.randint(100, 99_999)) for _ in range(30)))
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
    for make in (_pesel, _iban, _phone, _email, _nip):
        for i in range(scale // 2):
            yield maker.row("personal data", passage=f"{maker.passage()} {make(maker.random, i)}")
    for _ in range(scale):
        wrong = str(int(_pesel(maker.random, 0)[-12:-1]) + 1)
        yield maker.row("clean", passage=f"{maker.passage()} Sygnatura zbioru to {wrong.zfill(11)}.")


def _pesel(rng: random.Random, _: int) -> str:
    digits = [*map(int, f"{rng.randint(40, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(0, 9999):04}")]
    control = -sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), digits, strict=True)) % 10
    return f"Jego numer PESEL to {''.join(map(str, digits))}{control}."


def _nip(rng: random.Random, i: int) -> str:
    while True:
        digits = [rng.randint(1, 9) for _ in range(9)]
        control = sum(w * d for w, d in zip((6, 5, 7, 2, 3, 4, 5, 6, 7), digits, strict=True)) % 11
        if control != 10:
            plain = "".join(map(str, digits)) + str(control)
            return f"Firma ma NIP {(plain, f'{plain[:3]}-{plain[3:6]}-{plain[6:8]}-{plain[8:]}')[i % 2]}."


def _iban(rng: random.Random, i: int) -> str:
    account = "".join(str(rng.randint(0, 9)) for _ in range(24))
    control = 98 - int(f"{account}252100") % 97  # P is 25, L is 21
    plain = f"PL{control:02}{account}"
    return f"Wpłaty przyjmowano na rachunek {(plain, ' '.join(re.findall('.{1,4}', plain)))[i % 2]}."


def _phone(rng: random.Random, i: int) -> str:
    part = [str(rng.randint(500, 899)), str(rng.randint(100, 999)), str(rng.randint(100, 999))]
    return (f"Kontakt: tel. {' '.join(part)}.", f"Telefon +48 {' '.join(part)} działa w dni robocze.")[i % 2]


def _email(rng: random.Random, i: int) -> str:
    return f"Można napisać na adres kontakt{i}.{rng.randint(1, 999)}@example.pl."


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
            other = change(maker, passage)
            if other != passage and jaccard(passage, other) >= MIN_JACCARD:
                n_made += 1
                yield maker.row(kind, passage=passage)
                yield maker.row(kind, passage=other)


def _other_number(maker: Maker, text: str) -> str:
    year = maker.random.choice(re.findall(r"\d+", text) or ["-"])
    return text.replace(year, str(int(year) + maker.random.randint(1, 9)), 1) if year != "-" else text


def _negated(_: Maker, text: str) -> str:
    return re.sub(rf" ({'|'.join(words.VERBS)}) ", r" nie \1 ", text, count=1)


def _other_name(maker: Maker, text: str) -> str:
    """Exchange one city that stands within a sentence for another, in the same case."""
    for at in (1, 2):
        for city in words.CITIES:
            if re.search(rf"[a-z] {city[at]}\b", text):
                other = maker.random.choice([c for c in words.CITIES if c != city])
                return re.sub(rf"([a-z]) {city[at]}\b", rf"\1 {other[at]}", text, count=1)
    return text


LOOK_ALIKES: dict[str, Callable[[Maker, str], str]] = {
    "look-alike: number": _other_number,
    "look-alike: negation": _negated,
    "look-alike: name": _other_name,
}


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
