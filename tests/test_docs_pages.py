"""What every page keeps to: blocks that say what they are, commands that exist, a place on the site."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml
from doc_pages import DATA, PAGES, PARSED, ROOT, RUN, Block, blocks, our_commands

from analyzer.exit_codes import ExitCode
from weighbridge.__main__ import VERBS, weighbridge

README = (ROOT / "README.md").read_text()
EVERY_BLOCK = [block for page in PAGES for block in blocks(page)]
SHELL = [block for block in EVERY_BLOCK if block.info in RUN | PARSED]
RECIPES = [block for block in EVERY_BLOCK if block.info == "yaml"]


def taken(arguments: list[str]) -> None:
    """The program takes the arguments: verb, options and their values; nothing is done."""
    if not arguments or arguments[0] in {"--help", "--version"}:
        return
    name, *rest = arguments
    verb = weighbridge.get_command(click.Context(weighbridge), name)
    assert verb is not None, f"there is no verb {name}"
    if "--help" not in rest:
        verb.make_context(name, rest)


def test_every_block_says_what_it_is() -> None:
    known = RUN | PARSED | DATA
    unknown = [f"{block.place} {block.info!r}" for block in EVERY_BLOCK if block.info not in known]
    assert unknown == [], "see CONTRIBUTING.md, How we document"


def test_no_command_hides_where_nobody_runs_it() -> None:
    hidden = [
        f"{block.place} {line}"
        for block in EVERY_BLOCK
        if block.info in {"", "text"}
        for line in block.text.splitlines()
        if re.match(r"(\$ )?(\.venv/bin/)?weighbridge [a-z]", line)
        and "─" not in line  # a drawing is no command
    ]
    assert hidden == [], "write sh behind the backticks; see CONTRIBUTING.md, How we document"


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.place)
def test_the_program_takes_every_command(block: Block) -> None:
    for arguments in our_commands(block.script):
        taken([argument for argument in arguments if not argument.startswith("$")])


@pytest.mark.parametrize("block", RECIPES, ids=lambda block: block.place)
def test_recipes_are_yaml_and_their_commands_exist(block: Block) -> None:
    list(yaml.safe_load_all(block.text))
    lines = re.findall(r"(?:\.venv/bin/)?weighbridge [a-z].*", block.text)
    for arguments in our_commands("\n".join(lines)):
        taken(arguments)
    for arguments in re.findall(r"args: (\[\w.*--.*\])", block.text):
        taken([word.replace("{{args.weights}}", "v2=90,v3=10") for word in yaml.safe_load(arguments)])


def test_every_page_has_a_place_on_the_site() -> None:
    def pages(tree: object) -> set[str]:
        if isinstance(tree, str):
            return {tree}
        branches = tree.values() if isinstance(tree, dict) else tree
        return {page for branch in branches for page in pages(branch)}  # type: ignore[attr-defined]

    placed = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    there = {"index.md" if page.name == "README.md" else page.name for page in PAGES}
    assert placed == there | {"commands.md"}, "nav in mkdocs.yml has a line for every page"


def test_the_readme_has_the_verbs_of_the_help_and_no_others() -> None:
    (table,) = re.findall(r"\| verb \| what comes out \|\n\|---\|---\|\n((?:\|.*\n)+)", README)
    verbs = [verb for row in table.splitlines() for verb in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(verbs) == sorted(VERBS)


def test_the_readme_has_every_exit_code_and_no_others() -> None:
    (table,) = re.findall(r"\| code \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)", README)
    assert [int(row.split("|")[1]) for row in table.splitlines()] == [code.value for code in ExitCode]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_examples_in_its_help(verb: str) -> None:
    command = weighbridge.get_command(click.Context(weighbridge), verb)
    assert command is not None
    assert "Examples:" in command.get_help(click.Context(command, info_name=f"weighbridge {verb}"))


def test_pictures_that_pages_show_are_there() -> None:
    for page in PAGES:
        for picture in re.findall(r'src="([^"]+)"', page.read_text()):
            assert (Path(page).parent / picture).exists(), f"{page.name} shows {picture}"
