#!/usr/bin/env python3
"""Parses every script of the gateway with tree-sitter's PowerShell grammar; needs pip install tree-sitter==0.26.1 tree-sitter-powershell==0.26.4.

It finds a missing brace or quote on machines without PowerShell. It is no substitute for tests.ps1 on Windows.
"""

import pathlib
import sys

import tree_sitter
import tree_sitter_powershell


def broken(node):
    """The innermost places that are no PowerShell."""
    if node.type == "ERROR" or node.is_missing:
        yield node
        return
    for child in node.children:
        if child.has_error or child.is_missing:
            yield from broken(child)


def main():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    here = pathlib.Path(__file__).resolve().parent
    files = sorted([*here.glob("*.ps1"), *here.glob("*.psd1.sample"), *here.glob("modules/*.psm1")])
    failed = 0
    for file in files:
        tree = parser.parse(file.read_bytes())
        for node in broken(tree.root_node):
            failed += 1
            line, column = node.start_point
            print(f"{file.relative_to(here)}:{line + 1}:{column + 1}: {node.type} {node.text[:60]!r}")
    print(f"{len(files)} files, {failed} places that do not parse")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
