"""Recipes: what is refused and how, overrides, bundled ones, and the generated page."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dataprep.errors import CallError
from dataprep.recipes import recipe_docs
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import bundled_recipes, dump, load
from dataprep.recipes.sources import Source

MINIMAL = 'name = "mine"\n[[sources]]\nname = "a"\nkind = "tsv"\npath = "a.tsv"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", bundled_recipes())
def test_a_bundled_recipe_is_right_and_named_after_its_file(name: str) -> None:
    assert load(name).name == name


@pytest.mark.parametrize("name", bundled_recipes())
def test_a_recipe_written_out_and_read_again_is_the_same(name: str, tmp_path: Path) -> None:
    recipe = load(name)
    assert load(written(tmp_path, dump(recipe))) == recipe


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("sead = 1", "sead: unknown key; did you mean 'seed'"),
        ("[split]\ntset = 0.1", "split.tset: unknown key; did you mean 'test'"),
        ("[train]\nepoch = 1", "train.epoch: unknown key; did you mean 'epochs'"),
        ("[[sources]]\nname = 'b'\nkind = 'tsv'\npath = 'b'\nlicense = 'mit'", "sources.1.license: unknown key; did you mean 'licence'"),
        ("[nonsense]\nx = 1", "nonsense: unknown key"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(extra: str, message: str, tmp_path: Path) -> None:
    text = MINIMAL.replace('name = "mine"\n', f'name = "mine"\n{extra}\n') if extra.startswith("sead") else f"{MINIMAL}{extra}\n"
    with pytest.raises(CallError) as caught:
        load(written(tmp_path, text))
    assert message in str(caught.value)


def test_a_top_level_key_that_belongs_to_a_section_is_found_there(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"did you mean 'train\.base_model'"):
        load(written(tmp_path, 'base_model = "x"\n' + MINIMAL))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("split.test=1.5", "less than or equal to 1"),
        ("split.test=0.95", "leave nothing to train on"),
        ("train.epochs=0", "greater than or equal to 1"),
        ("train.epochs=many", "valid integer"),
        ("sources.0.kind=exel", "'tsv'"),
        ("sources.3.path=x", "no item of a list of 1"),
        ("name.x=1", "is a value, not a section"),
        ("name.x.y=1", "there is nothing below a value"),
        ("split", "wanted key.path=value"),
    ],
)
def test_a_wrong_override_says_what_was_wanted(override: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CallError) as caught:
        load(written(tmp_path, MINIMAL), [override])
    assert message in str(caught.value)


def test_overrides_are_toml_or_else_plain_text(tmp_path: Path) -> None:
    typed = ["split.test=0.3", "clean.html=false", 'filter.languages=["pl","cs"]']
    recipe = load(written(tmp_path, MINIMAL), [*typed, "train.base_model=owner/model", "sources.0.path=b.tsv"])
    assert (recipe.split.test, recipe.clean.html, recipe.filter.languages) == (0.3, False, ("pl", "cs"))
    assert (recipe.train.base_model, recipe.sources[0].path) == ("owner/model", "b.tsv")


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="two sources are named 'a'"):
        load(written(tmp_path, MINIMAL + '[[sources]]\nname = "a"\nkind = "csv"\npath = "b.csv"\n'))


def test_a_source_without_an_origin_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs `repo`"):
        Source(name="x", kind="hub")
    with pytest.raises(ValidationError, match="needs `path`"):
        Source(name="x", kind="tsv")


def test_paths_count_from_the_recipes_folder_then_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, working = tmp_path / "beside", tmp_path / "working"
    beside.mkdir()
    working.mkdir()
    monkeypatch.chdir(working)
    recipe = written(beside, MINIMAL)
    assert load(recipe).sources[0].path == "a.tsv"
    (working / "a.tsv").touch()
    assert load(recipe).sources[0].path == str(working / "a.tsv")
    (beside / "a.tsv").touch()
    assert load(recipe).sources[0].path == str(beside / "a.tsv")


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b""])
def test_what_is_no_recipe_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(content)
    with pytest.raises(CallError, match=r"r\.toml"):
        load(str(path))


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load("sample").split.test = 0.5  # type: ignore[misc]


@given(folder=st.text(alphabet="abc/", min_size=1), seed=st.integers(0, 9))
def test_no_path_of_the_machine_is_published(folder: str, seed: int) -> None:
    base = Recipe.model_validate(tomllib.loads(MINIMAL))
    source = base.sources[0].model_copy(update={"path": f"/home/{folder}"})
    train = base.train.model_copy(update={"base_model": f"/home/{folder}/model"})
    recipe = base.model_copy(update={"sources": (source,), "train": train, "seed": seed})
    published = recipe.as_published()
    assert "/home/" not in str(published)
    assert published["train"]["base_model"] == "model"
    assert published["seed"] == seed


def test_the_page_of_all_keys_is_current() -> None:
    page = Path(__file__).parent.parent / "docs" / "recipes.md"
    assert page.read_text(encoding="utf-8") == recipe_docs.page(), "run `make docs`"


def test_a_recipe_of_the_pages_defaults_is_the_shortest_recipe() -> None:
    text, is_wanted = MINIMAL, False
    for line in recipe_docs.page().splitlines():
        if line.startswith("#"):
            is_wanted = line.startswith("## `[") and "[[" not in line
            text += line.strip("# `") + "\n" if is_wanted else ""
        elif is_wanted and line.startswith("| `"):
            key, default = line.split(" | ")[0].strip("| `"), line.split(" | ")[-2]
            text += f"{key} = {default.strip('`')}\n" if default.startswith("`") else ""
    assert Recipe.model_validate(tomllib.loads(text)) == Recipe.model_validate(tomllib.loads(MINIMAL))
    assert "html = true" in text
