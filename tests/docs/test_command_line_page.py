"""The page of the command line has every command and option of the parsers."""

from __future__ import annotations

import pytest

from napari_cellid.cli.app import build_parser
from tools.docs.command_line import (
    MARKER,
    command_line_page,
    on_page_markdown,
    subcommands,
)

COMMANDS = [
    (f"{name} {deeper}".strip(), one)
    for name, parser in subcommands(build_parser())
    for deeper, one in [("", parser), *subcommands(parser)]
]


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """Text below the heading of each command."""
    parts = command_line_page().split("\n##")
    named = (part.lstrip("# ").partition("\n") for part in parts)
    return {name: text for name, _, text in named}


def test_commands_in_the_order_of_help(sections):
    assert list(sections) == [name for name, _ in COMMANDS]
    assert len(sections) > 25


@pytest.mark.parametrize(("name", "parser"), COMMANDS, ids=[n for n, _ in COMMANDS])
def test_every_option_is_in_its_section(sections, name, parser):
    options = {
        option
        for action in parser._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    }
    text = sections[name]
    missing = [option for option in options if f"`{option}" not in text]
    assert not missing
    # as many rows as arguments, and none of them is cut by a | in its text
    rows = [line.replace(r"\|", "") for line in text.splitlines() if line[:3] == "| `"]
    assert {row.count("|") for row in rows} <= {3}
    assert sum(option in row for row in rows for option in options) >= len(options)


def test_limits_and_defaults_of_settings_are_told(sections):
    assert "(from 0.05 to 0.95; default: the model's own)" in sections["identify"]
    assert "One of `unanimous`, `majority`, `quorum`." in sections["agree"]
    assert r"`--bleed-through off\|auto\|X`" in sections["identify"]


def test_only_the_page_that_asks_gets_them():
    assert on_page_markdown("# Studies\n") == "# Studies\n"
    page = on_page_markdown(f"# Command line\n\n{MARKER}\n")
    assert MARKER not in page and "\n## identify\n" in page
