from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tokenizers import Tokenizer

from dataprep import schemas
from dataprep.build import finish, opened
from dataprep.filtering import token_lengths
from dataprep.models.embedded import train_tokenizer
from dataprep.pipeline import STAGES
from dataprep.recipes.curation import Filter
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load

PASSAGES = ["Kraków leży nad Wisłą i jest stolicą Małopolski.", "Wisła płynie przez Kraków, Warszawę i Gdańsk.", "Kraków"]


def recipe(**sections: Any) -> Recipe:
    return Recipe.model_validate({"name": "r", "sources": [{"name": "s", "kind": "tsv", "path": "p"}], **sections})


def rows(questions: list[str | None], passages: list[str | None], titles: list[str]) -> pl.LazyFrame:
    n = len(questions)
    columns = {"row_id": [f"s:{i}" for i in range(n)], "source": ["s"] * n, "source_key": ["k"] * n, "label": [1] * n}
    return pl.LazyFrame({**columns, "question": questions, "passage": passages, "title": titles}, schema=schemas.ROWS)


def counts(frame: pl.LazyFrame, settings: Recipe) -> Mapping[str, pl.Expr]:
    found = token_lengths.tokenizer(frame, settings)
    assert found
    return token_lengths.token_counts(found, settings)


def counted(frame: pl.LazyFrame, settings: Recipe) -> pl.DataFrame:
    limited = settings.model_copy(update={"filter": Filter(min_question_tokens=1, max_passage_tokens=9)})
    return frame.select(**counts(frame, limited)).collect()


def test_the_embedded_models_tokens_are_those_of_the_rows_own_passages() -> None:
    frame = rows(["Gdzie leży Kraków?"] * 3, [*PASSAGES[:2], None], ["", "Wisła", ""])
    tokenizer = train_tokenizer(pl.Series(PASSAGES[:2]))
    n = [len(tokenizer.encode(text).ids) for text in (PASSAGES[0], f"Wisła {PASSAGES[1]}")]
    found = counted(frame, recipe())
    assert found["passage"].to_list() == [*n, None]
    assert found["question"].to_list() == [len(tokenizer.encode("Gdzie leży Kraków?").ids)] * 3


def test_only_what_is_limited_is_counted() -> None:
    frame = rows(["Gdzie leży Kraków?"], PASSAGES[:1], [""])
    assert token_lengths.tokenizer(frame, recipe(train={"base_model": "nowhere/at-all"})) is None
    assert list(counts(frame, recipe(filter={"min_passage_tokens": 1}))) == ["passage"]


def test_prompts_and_special_tokens_are_counted_and_the_tokenizer_of_lengths_goes_before_the_base_model(tmp_path: Path) -> None:
    from tokenizers import models, pre_tokenizers, processors  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordLevel({"?": 0, "[CLS]": 1}, unk_token="?"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    tokenizer.enable_truncation(4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    frame = rows(["raz dwa"], ["raz dwa trzy cztery pięć"], ["tytuł"])
    settings = recipe(lengths={"tokenizer": str(tmp_path)}, train={"query_prompt": "zapytanie: ", "base_model": "nowhere/at-all"})
    assert counted(frame, settings).row(0) == (2 + 2 + 1, 5 + 1 + 1)


def test_a_real_models_tokens_are_counted(real_data: Path) -> None:
    folder = real_data / "models" / "potion-base-4m"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    frame = rows(["Gdzie leży Kraków?"], [" ".join(PASSAGES * 60)], [""])
    found = counted(frame, recipe(train={"base_model": str(folder)}))
    assert found["passage"].item() == len(tokenizer.encode(" ".join(PASSAGES * 60), add_special_tokens=False).ids) > 1_000


def test_long_passages_leave_with_their_number_of_tokens(tmp_path: Path) -> None:
    with opened(tmp_path / "build", load("sample", ("filter.max_passage_tokens=60",))) as build:
        for name in ("ingest", "clean", "filter"):
            finish(STAGES[name], build)
        measures, events = (build.table("filter", name).collect() for name in ("measures", "events"))
        kept = build.table("filter", "rows").collect()
    too_long = measures.filter(pl.col("passage_tokens") > 60)
    assert 0 < too_long.height < measures.height
    assert too_long["failed"].list.contains("max_passage_tokens").all()
    assert not kept["row_id"].is_in(too_long["row_id"].implode()).any()
    dropped = events.filter(rule="max_passage_tokens").join(measures, on="row_id")
    assert dropped.height > 0
    assert dropped["score"].to_list() == dropped["passage_tokens"].to_list()
    assert "question_tokens" not in measures.columns


@pytest.mark.parametrize(("limit", "is_redone"), [({}, False), ({"max_question_tokens": 9}, True)])
def test_another_base_model_filters_again_only_where_tokens_are_limited(limit: dict[str, int], is_redone: bool) -> None:  # noqa: FBT001 - a case
    one, other = (recipe(filter=limit, train={"base_model": name}) for name in ("embedded", "owner/model"))
    assert (STAGES["filter"].settings(one) != STAGES["filter"].settings(other)) is is_redone
