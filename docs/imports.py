"""Counts the imports between the files and between the rooms of the three packages, and names every circle.

    python docs/imports.py [folder of the project]

A room is a folder of modules, or a module that stands beside such folders.
An arrow leads from a file to a file that its statements import, those in functions included, those for a type checker
alone not. A package's `__init__.py` is its face, which gathers names from its files: it is left out, and a name that is
imported from it leads to the files that it has the name from. The floor of a file is the longest way down from it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("autograd", "nn", "viz")
Arrows = dict[str, set[str]]  # name -> names that it imports


class Imports:
    """The modules of the packages in a folder, and which of them imports which.

    deferred: whether an import within a function counts.
    """

    def __init__(self, folder: Path, deferred: bool = True) -> None:
        self.trees = {
            ".".join(path.relative_to(folder).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
            for package in PACKAGES
            for path in sorted((folder / package).rglob("*.py"))
        }
        self.faces = {name.removesuffix(".__init__"): name for name in self.trees if name.endswith(".__init__")}
        self.deferred = deferred
        self.files: Arrows = {
            name: {target for target in self._targets(name) if target != name}
            for name in self.trees
            if name not in self.faces.values()
        }

    def rooms(self) -> Arrows:
        """Return the arrows between rooms."""
        arrows: Arrows = {}
        for name, targets in self.files.items():
            here = arrows.setdefault(self._room(name), set())
            here |= {self._room(target) for target in targets} - {self._room(name)}
        return arrows

    def _room(self, name: str) -> str:
        folder = name.rpartition(".")[0]
        return name if any(other.startswith(f"{folder}.") for other in self.faces) else folder

    def _targets(self, name: str) -> Iterator[str]:
        for node in self._statements(self.trees[name]):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._module(alias.name)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield from self._name(node.module, alias.name)

    def _module(self, name: str) -> Iterator[str]:
        if name in self.trees:
            yield name

    def _name(self, module: str, name: str) -> Iterator[str]:
        """Yield the file that a name comes from, through the faces of packages."""
        if f"{module}.{name}" in self.trees:
            yield f"{module}.{name}"
        elif module in self.trees:
            yield module
        elif module in self.faces:
            for node in self._statements(self.trees[self.faces[module]]):
                if (
                    isinstance(node, ast.ImportFrom)
                    and node.module
                    and name in [x.asname or x.name for x in node.names]
                ):
                    yield from self._name(node.module, name)

    def _statements(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the statements below a node that run."""
        for child in ast.iter_child_nodes(node):
            checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not checking and (self.deferred or not isinstance(child, ast.FunctionDef)):
                yield child
                yield from self._statements(child)


def circles(arrows: Arrows) -> list[tuple[str, ...]]:
    """Return the sets of names that lead to each other, each in the order of the alphabet."""
    reach = {name: reached(arrows, name) for name in arrows}
    return sorted({tuple(sorted(x for x in reach[name] if name in reach[x])) for name in arrows if name in reach[name]})


def reached(arrows: Arrows, start: str) -> set[str]:
    """Return the names that a name leads to, itself only by a circle."""
    seen: set[str] = set()
    stack = [start]
    while stack:
        for name in arrows.get(stack.pop(), ()):
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return seen


def floors(arrows: Arrows) -> int | None:
    """Return on how many floors the names stand, each above those that it imports; None where there is a circle."""
    try:
        order = list(TopologicalSorter(arrows).static_order())
    except CycleError:
        return None
    floor: dict[str, int] = {}
    for name in order:
        floor[name] = 1 + max((floor[x] for x in arrows.get(name, ())), default=0)
    return max(floor.values(), default=0)


def main() -> None:
    """Print the counts."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    imports = Imports(folder)
    for kind, arrows in ("files", imports.files), ("rooms", imports.rooms()):
        for package in (*PACKAGES, "all"):
            inside = {
                name: {x for x in targets if package in ("all", x.partition(".")[0])}
                for name, targets in arrows.items()
                if package in ("all", name.partition(".")[0])
            }
            count = sum(map(len, inside.values()))
            print(f"{package:9}{len(inside):4} {kind}, {count:4} arrows, floors: {floors(inside) or 'a circle'}")
            for circle in circles(inside) if package != "all" else ():
                print("         a circle:", ", ".join(circle))


if __name__ == "__main__":
    main()
