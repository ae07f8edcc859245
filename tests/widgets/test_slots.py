"""Slots are methods or partials of them, and a deleted dock is really gone."""

from __future__ import annotations

import ast
from pathlib import Path

import napari_cellid.widgets

WIDGETS = Path(napari_cellid.widgets.__file__).parent


def lambdas_connected(source: str) -> list[int]:
    """Lines on which a lambda is connected to a signal.

    Qt ends the connection to a method when its object is deleted. It cannot do that
    for a lambda, which also keeps the objects alive that it names.
    """
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "connect"
        and any(isinstance(argument, ast.Lambda) for argument in node.args)
    ]


def test_the_check_sees_lambdas_on_several_lines():
    assert lambdas_connected("a.clicked.connect(\n    lambda: 1\n)") == [1]
    assert lambdas_connected("a.clicked.connect(f)") == []


def test_no_lambda_is_connected():
    found = {
        str(path.relative_to(WIDGETS)): lines
        for path in sorted(WIDGETS.rglob("*.py"))
        if (lines := lambdas_connected(path.read_text("utf-8")))
    }
    assert found == {}
