"""The reference of the command line, made from its parsers.

A hook of MkDocs: the pages are built with it, so that no option is written twice.
"""

from __future__ import annotations

import argparse
import html
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.app import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the place in a page where the commands stand
MARKER = "<!-- commands -->"

# of argparse itself, the same in every command
_LEFT_OUT = ("help", "version")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the commands into the page that asks for them; MkDocs calls this."""
    return markdown.replace(MARKER, command_line_page())


def command_line_page() -> str:
    """Return all commands of napari-cellid as Markdown."""
    parser = build_parser()
    lines = [line for _, one in subcommands(parser) for line in _command(one, 2)]
    return "\n".join(lines)


def subcommands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield name and parser of each command directly below a parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _command(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    title = parser.prog.removeprefix("napari-cellid ")
    yield from (f"{'#' * level} {title}", "", _sentence(parser.description or ""), "")
    # those of argparse are the first two; what every command has comes last
    positional, options, *own = parser._action_groups
    yield from _group(parser, positional, "Argument")
    for group in own:
        yield from _group(parser, group, (group.title or "").capitalize())
    yield from _group(parser, options, "Other options" if own else "Options")
    for _, one in subcommands(parser):
        yield from _command(one, level + 1)


def _group(
    parser: argparse.ArgumentParser, group: argparse._ArgumentGroup, title: str
) -> Iterator[str]:
    actions = [
        action
        for action in group._group_actions
        if action.dest not in _LEFT_OUT
        and not isinstance(action, argparse._SubParsersAction)
    ]
    if not actions:
        return
    yield from (f"| {html.escape(title)} | |", "|---|---|")
    for action in actions:
        yield f"| {_usage(action)} | {_meaning(parser, action)} |"
    yield ""
    if group.description:
        yield from (_sentence(group.description), "")


def _usage(action: argparse.Action) -> str:
    """Return how an argument is written, such as `--out DIR`."""
    names = list(action.option_strings) or [str(action.metavar or action.dest)]
    if action.option_strings and action.nargs != 0:
        value = action.metavar or ("CHOICE" if action.choices else action.dest.upper())
        names[-1] += f" {value}"
    if action.nargs in ("*", "+"):
        names[-1] += " …"
    # a line break is allowed between the names only
    return " ".join(f"`{name}`".replace("|", r"\|") for name in names)


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    formatter = parser.formatter_class(prog=parser.prog)
    text = _sentence(formatter._expand_help(action) if action.help else "")
    if action.choices:
        text += f" One of {', '.join(f'`{choice}`' for choice in action.choices)}."
    if action.required and action.option_strings:
        text += " Required."
    return text.strip().replace("|", r"\|")


def _sentence(text: str) -> str:
    text = html.escape(" ".join(text.split()), quote=False)
    if not text:
        return ""
    return text[0].upper() + text[1:].rstrip(".") + "."
