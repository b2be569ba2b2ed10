"""What the site has besides docs/: pages from the top of the repository, files they link to, every --help."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from weighbridge.__main__ import VERBS, weighbridge

ROOT = Path(__file__).parent.parent
HOME = "README.md"
_LINK = re.compile(r'(?P<before>\]\(|\b(?:src|href)=")(?P<target>[^)"#\s]+)')
_ELSEWHERE = re.compile(r"[a-z]+:")
NEEDS = {
    "cluster": "needs a cluster",
    "elsewhere": "needs more than this machine",
    "stays": "until Ctrl-C",
}
"""What a fence such as ``sh cluster`` says of its commands (CONTRIBUTING.md); others are run by the tests."""
_FENCE = re.compile(rf"^```sh (?P<needs>{'|'.join(NEEDS)})$", re.M)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top, what pages link to outside docs/, and the page of the commands."""
    for name in _at_the_top():
        files.append(File.generated(config, _place(name), abs_src_path=str(ROOT / name)))
    files.append(File.generated(config, "commands.md", content=_commands()))
    for page in [*_at_the_top(), *(f"docs/{file.src_uri}" for file in files.documentation_pages())]:
        for linked in _linked(page):
            if files.get_file_from_path(_place(linked)) is None and (ROOT / linked).is_file():
                files.append(File.generated(config, _place(linked), abs_src_path=str(ROOT / linked)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they are on the site, and what a command needs as the title of its block."""
    source = _source(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        target = _target(source, link["target"])
        if target is None:
            return link[0]
        return link["before"] + posixpath.relpath(_place(target), posixpath.dirname(page.file.src_uri) or ".")

    markdown = _FENCE.sub(lambda fence: f'```sh title="{NEEDS[fence["needs"]]}"', markdown)
    return _LINK.sub(moved, markdown)


def _at_the_top() -> list[str]:
    return sorted(file.name for file in ROOT.glob("*.md"))


def _place(path: str) -> str:
    """Where a file of the repository lies on the site."""
    return "index.md" if path == HOME else path.removeprefix("docs/")


def _source(place: str) -> str:
    """Which file of the repository a page of the site is."""
    if place == "index.md":
        return HOME
    return place if place in _at_the_top() else f"docs/{place}"


def _target(source: str, link: str) -> str | None:
    """The file of the repository that a link means, or None where it leads out of it."""
    if _ELSEWHERE.match(link):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _linked(source: str) -> set[str]:
    file = ROOT / source
    if not file.is_file():  # made by us
        return set()
    targets = (_target(source, link["target"]) for link in _LINK.finditer(file.read_text()))
    return {target for target in targets if target is not None}


def _commands() -> str:
    """Every verb's --help, so that it can be searched and linked to."""
    root = click.Context(weighbridge, info_name="weighbridge")
    page = ["# Commands", "", "What `weighbridge VERB --help` prints.", ""]
    for name in VERBS:
        verb = weighbridge.get_command(root, name)
        if verb is None:
            raise LookupError(name)
        help_text = verb.get_help(click.Context(verb, parent=root, info_name=name, max_content_width=100))
        page += [f"## {name}", "", "```text", help_text, "```", ""]
    return "\n".join(page)
