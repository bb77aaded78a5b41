"""The documents say what is there (settings, tests, options, links), and keep to the house's sizes."""

import ast
import pkgutil
import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from arttl.recipes import APPROACHES, get_recipe
from arttl.recipes.overrides import flattened

HERE = Path(__file__).parents[1]
ROOT = HERE.parent
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]}
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGES["fidelity.md"].splitlines()
    if line.startswith("|") and line.count("|") == 6
]
"""Of the table of every setting: setting, what text and code say, what arttl does, how to change it, held by."""

MOST_WORDS, MOST_IN_A_PARAGRAPH, MOST_LINES = 17_810, 120, 120
"""Words of all of docs/ as `wc -w` counts, words of a paragraph, lines of README."""

NOT_COUNTED = ("README.md", "results.md")  # the latter is tables that code makes

FOREIGN = {
    *("--dist", "--durations"),
    "--generate",
    "--logdir",
    *("--head", "--port", "--num-cpus", "--disable-usage-stats"),
    "--requeue",
}
"""Options of pytest, Ray, SLURM and TensorBoard."""


def parsed(text):
    """Tokens of a page."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def paragraphs(text):
    """The paragraphs of a page, those of list items each alone; tables, code blocks and headings are none."""
    tokens = parsed(text)
    return [each.content for before, each in pairwise(tokens) if before.type == "paragraph_open"]


def anchors(text):
    """What links to a page's headings are called, as GitHub makes them."""
    tokens = parsed(text)
    titles = [each.content for before, each in pairwise(tokens) if before.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(text):
    """Targets of a page's links and images."""
    inline = [child for token in parsed(text) for child in token.children or ()]
    return [each.attrs.get("href") or each.attrs.get("src") for each in inline if each.type in ("link_open", "image")]


def test_what_a_paragraph_is():
    text = (
        "# A title\n\none two\nthree\n\n- four\n- five six\n\n  seven\n\n| a | b |\n|---|---|\n| c | d |\n\n    code\n"
    )
    assert paragraphs(text) == ["one two\nthree", "four", "five six", "seven"]
    assert anchors("## What is `done`, and *not*\n\n# X") == {"what-is-done-and-not", "x"}


@pytest.mark.parametrize("page", PAGES)
def test_no_paragraph_is_too_long(page):
    long = [(len(each.split()), each[:60]) for each in paragraphs(PAGES[page])]
    assert [each for each in long if each[0] > MOST_IN_A_PARAGRAPH] == []


def test_the_documents_are_short():
    assert sum(len(text.split()) for page, text in PAGES.items() if page not in NOT_COUNTED) <= MOST_WORDS
    assert len(PAGES["README.md"].splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in links(PAGES[page]):
        name, _, anchor = target.partition("#")
        if re.match(r"https?:", name):
            continue
        path = folder / name if name else folder / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", PAGES)
def test_files_of_the_repository_that_a_page_names_exist(page):
    named = re.findall(
        r"(?<![\w./-])((?:arttl|tests|tools|benchmarks|experiments)/[\w/.-]+\.(?:py|csv|h5|sh|jpg))", PAGES[page]
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def names_of_arttl(text):
    """What a page names in Python, dotted: in its examples, which must parse, and in `arttl.something` within lines."""
    named = set(re.findall(r"`(arttl(?:\.[a-zA-Z_]\w*)+)", text))
    for code in re.findall(r"```python\n(.*?)```", text, re.S):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("arttl"):
                named |= {f"{node.module}.{each.name}" for each in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("arttl."):
                named |= set(re.findall(r"^arttl(?:\.\w+)+$", ast.unparse(node)))
    return named - {"arttl.folder"}  # a tag in MLflow


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_in_python_exists(page):
    for name in names_of_arttl(PAGES[page]):
        pkgutil.resolve_name(name)


def test_every_page_is_named_in_readme():
    assert {f"docs/{page}" for page in PAGES if page != "README.md"} <= {
        each.split("#")[0] for each in links(PAGES["README.md"])
    }


@pytest.fixture(scope="module")
def options():
    """Every option of the package's and the repository's parsers."""
    sources = [
        path for folder in ("arttl", "experiments", "benchmarks", "tools") for path in (ROOT / folder).rglob("*.py")
    ]
    calls = re.findall(r"add_argument\(([^()]*)", "".join(path.read_text(encoding="utf-8") for path in sources))
    return {name for call in calls for name in re.findall(r'"(--[a-z][\w-]*)"', call)} | {"--help"}


@pytest.mark.parametrize("page", PAGES)
def test_options_that_a_page_names_exist(page, options):
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", PAGES[page])) - options - FOREIGN == set()


@pytest.mark.parametrize("row", ROWS[2:], ids=lambda row: row[0])
def test_fidelity_table_names_settings_and_tests_that_exist(row):
    settings = {key for approach in APPROACHES for key in flattened(get_recipe("thesis", approach).settings())}
    for name in re.findall(r"`([a-z][\w.]+)`", row[3]):
        assert name in settings
    for file, _, test in re.findall(r"`(test_[\w.]+\.py)(::(\w+))?`", row[4]):
        (path,) = HERE.rglob(file)  # whatever room it is in
        assert not test or f"def {test}(" in path.read_text(encoding="utf-8")


def test_fidelity_table_names_every_setting():
    named = {name for row in ROWS for name in re.findall(r"`([a-z][\w.]+)`", row[3])}
    settings = {key for approach in APPROACHES for key in flattened(get_recipe("thesis", approach).settings())}
    elsewhere = {"name", "approach", "numerics.era", "numerics.rmsprop_epsilon", "max_epochs", "batch_size"}
    elsewhere |= {"optimizer.name", "optimizer.rho", "optimizer.momentum"}
    assert settings - elsewhere <= named
