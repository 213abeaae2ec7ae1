"""What is done to planted texts: damage that cleaning must undo, look-alikes, and personal data with right checksums."""

import random
import re
import unicodedata
from collections.abc import Callable

import planted_words as words

Change = Callable[[random.Random, str, int], str]


def _mojibake(_: random.Random, text: str, i: int) -> str:
    pairs = [("utf-8", "latin-1"), ("cp1250", "latin-1"), ("iso-8859-2", "latin-1")]
    if not set(text) & set("ŁĘ–"):  # cp1250 has no character for some of their bytes
        pairs.append(("utf-8", "cp1250"))
    written, read = pairs[i % len(pairs)]
    return text.encode(written).decode(read)


def _control(rng: random.Random, text: str, i: int) -> str:
    place = rng.choice([j for j in range(1, len(text)) if text[j - 1 : j + 1].isalpha()])
    return text[:place] + "\u200b\u00ad\ufeff\u202d\u2060"[i % 5] + text[place:]


def _html(_: random.Random, text: str, i: int) -> str:
    first, rest = text.split(" ", 1)
    return (f"<b>{first}</b> {rest}", text.replace("ó", "&oacute;") + "<br/>", f"<p>{text}</p>")[i % 3]


def _wiki(_: random.Random, text: str, i: int) -> str:
    first, rest = text.split(" ", 1)
    return (f"'''{first}''' {rest}", f"[[{first}]] {rest}", f"[[Osoba|{first}]] {rest}", f"Plik:Portret.jpg|thumb|{text}")[i % 4]


def _spread(_: random.Random, text: str, i: int) -> str:
    return (text.replace(" ", "  ", 3), f" {text} ", text.replace(" ", "\u00a0", 2), text.replace(" ", "\n", 1))[i % 4]


DAMAGE: dict[str, Change] = {
    "mojibake": _mojibake,
    "unicode_nfc": lambda _rng, text, _i: unicodedata.normalize("NFD", text),
    "control_characters": _control,
    "csv_quotes": lambda _rng, text, _i: '"' + text.replace('"', '""') + '"',
    "html": _html,
    "wiki_markup": _wiki,
    "doubled_title": lambda _rng, text, _i: f"{text.split(' –')[0]} {text}",
    "empty_parentheses": lambda _rng, text, i: text.replace(" ", (" () ", " ( ) ")[i % 2], 1),
    "space_before_punctuation": lambda _rng, text, _i: text[:-1] + " " + text[-1],
    "white_space": _spread,
}


def _other_number(rng: random.Random, text: str) -> str:
    """Another year or count in digits, or another number word."""
    if " trzeci " in text and rng.random() < 0.5:
        return text.replace(" trzeci ", rng.choice([" drugi ", " czwarty ", " piąty "]), 1)
    numbers = re.findall(r"\d+", text)
    if not numbers:
        return text
    number = rng.choice(numbers)
    return text.replace(number, str(int(number) + rng.randint(1, 9)), 1)


def _negated(rng: random.Random, text: str) -> str:
    """A verb denied, or a thing that is there in the one text and lacking in the other."""
    if " z cegły" in text and rng.random() < 0.5:
        return text.replace(" z cegły", " bez cegły", 1)
    return re.sub(rf" ({'|'.join(words.VERBS)}) ", r" nie \1 ", text, count=1)


def _other_name(rng: random.Random, text: str) -> str:
    """Another city, region, street, saint or family name within a sentence, in the same case."""
    lists = [[city[at] for city in words.CITIES] for at in (1, 2)]
    lists += [[name[at] for name in words.LAST_NAMES] for at in range(3)]
    lists += [words.LISTS[name] for name in ("region", "street", "saint")]
    for names in rng.sample(lists, len(lists)):
        if found := re.search(rf"\w ({'|'.join(map(re.escape, names))})\b", text):
            other = rng.choice([name for name in names if name != found[1]])
            return text[: found.start(1)] + other + text[found.end(1) :]
    return text


LOOK_ALIKES: dict[str, Callable[[random.Random, str], str]] = {
    "look-alike: number": _other_number,
    "look-alike: negation": _negated,
    "look-alike: name": _other_name,
}


def pesel(rng: random.Random, _: int) -> str:
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


PERSONAL: tuple[Callable[[random.Random, int], str], ...] = (pesel, _iban, _phone, _email, _nip)
