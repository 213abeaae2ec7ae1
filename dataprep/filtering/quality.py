"""Measures of a question or passage, as expressions: whether it asks, or breaks off."""

import polars as pl

_ASKING = (
    r"kto|kogo|komu|kim|co|czego|czemu|czym|jak|jaki|jaka|jaką|jakie|jakiego|jakiej|jakiemu|jakim|jakimi|jakich|jacy|któr\p{L}+"
    r"|ile|ilu|iloma|iloro|gdzie|kiedy|skąd|dokąd|odkąd|którędy|dlaczego|czy|czyj\p{L}*|czyi\p{L}*|po ?co"
)
_ASIDE = (
    r"^\W*(?:według|wedle|zdaniem|oprócz|prócz|poza)\s+(?:[\w„”\"'’-]+\s+){0,1}[\w„”\"'’-]+,\s*"  # before what asks, and without a verb
)
_RELATIVE = rf",\s*(?:\p{{L}}{{1,5}}\s+)?(?:{_ASKING})\b"
_REQUEST = r"podaj|wymień|wskaż|opisz|nazwij|wyjaśnij|określ|powiedz|znajdź|przetłumacz|oblicz|napisz|dokończ|porównaj|scharakteryzuj"


def is_statement(question: pl.Expr) -> pl.Expr:
    """Whether a question is none: nothing in it asks.

    A question has an interrogative word and a question mark, or the word among its first three, or it
    begins with a request ("podaj …"). A question mark alone does not make one, nor does a relative
    clause: "Giles Hart działał w ruchu, który zbierał fundusze?". What merely names a view goes before:
    "Według historyków, w którym roku powstało opactwo?". Null in, null out.
    """
    lower = question.str.to_lowercase().str.replace(_ASIDE, "").str.replace_all(_RELATIVE, ",")
    asks_somewhere = lower.str.contains("?", literal=True) & lower.str.contains(rf"\b(?:{_ASKING})\b")
    return ~(asks_somewhere | lower.str.contains(rf"^\W*(?:\w+\W+){{0,2}}(?:{_ASKING})\b|^\W*(?:{_REQUEST})\b"))


def is_truncated(passage: pl.Expr) -> pl.Expr:
    """Whether a passage breaks off: it ends in neither a closing mark nor a bracket, or within a parenthesis.

    So do lists and headings, which cannot be told apart from it. A parenthesis that was forgotten further
    up, with whole ones behind it, is a slip of the pen. Null in, null out.
    """
    ends = passage.str.contains(r"""[.!?…]["”»'’)\]]*\s*$|[)\]"”»]\s*$""")
    return ~ends | passage.str.contains(r"\([^()]*$")
