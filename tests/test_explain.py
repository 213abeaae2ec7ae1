"""What explain says where there is more than it shows."""

from pathlib import Path

from dataprep.build import finish, opened
from dataprep.explain import find, stories
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load

PLACES = [
    "Gdańsk",
    "Kraków",
    "Toruń",
    "Lublin",
    "Opole",
    "Kielce",
    "Płock",
    "Elbląg",
    "Zamość",
    "Sopot",
    "Hel",
    "Łeba",
    "Ustka",
    "Nysa",
    "Brzeg",
    "Tychy",
    "Bytom",
    "Żory",
    "Rybnik",
    "Konin",
    "Kalisz",
    "Leszno",
    "Piła",
    "Gniezno",
]


def test_a_group_is_counted_whole_though_only_its_first_questions_are_shown(tmp_path: Path) -> None:
    rows = [
        f"{i}\tCo jest najstarszą budowlą miejscowości {place}?\tMury obronne wzniesiono tu przed wieloma wiekami.\t1"
        for i, place in enumerate(PLACES)
    ]
    (tmp_path / "rows.tsv").write_text("\n".join(["id\tquestion\tpassage\tlabel", *rows]) + "\n", encoding="utf-8")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\n[[sources]]\nname = "mine"\nkind = "tsv"\npath = "rows.tsv"\ncolumns = { id = "id" }\n', encoding="utf-8"
    )
    with opened(tmp_path / "build", load(str(recipe))) as build:
        for name in PREPARE:
            finish(STAGES[name], build)
        (story,) = stories(build, "0")
        assert (len(story.group), story.n_group) == (20, len(PLACES) - 1)
        assert story.query
        assert len(stories(build, story.passage["passage_id"] if story.passage else "")) == 20
        assert find(build, "najstarszą").height == 20
