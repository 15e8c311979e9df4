"""Imports point down: the rule that keeps one obvious place for everything."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

GATEWAY = Path(__file__).parents[2] / "gateway"

FLOORS: dict[str, float] = {
    "cli": 9,
    "commands": 8.5,
    "app": 8,
    "serving": 8,
    "http": 7,
    "schema": 6,
    "execution": 5,
    "resources": 4,
    "graph": 2,
    "machines": 1.7,
    "mirror": 1.5,
    "upstream": 1,
    "settings": 0.5,
    "folder": 0.5,
    "errors": 0,
    "telemetry": 0,
    "sandbox": 0,
}
"""Every place at the top of the package but the resources': a new one needs a floor of its own."""
ROOMS = {"record": 3.0, "schema": 3.1, "mutations": 3.2}
RESOURCES = {path.parent.name for path in GATEWAY.glob("*/record.py")} - FLOORS.keys()


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name, without packages' own `__init__`."""
    return {
        ".".join(path.relative_to(GATEWAY.parent).with_suffix("").parts): path
        for path in GATEWAY.rglob("*.py")
        if path.name != "__init__.py"
    }


MODULES = modules()


def imports_of(path: Path) -> Iterator[str]:
    """Yield the gateway's modules that a file imports: for types alone too, but for the resources' types."""
    tree = ast.parse(path.read_text())
    guarded = {
        node.lineno
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.lineno in guarded and path.parent.name in RESOURCES:
                continue
            if node.module in MODULES:
                yield node.module
            else:
                inner = (f"{node.module}.{alias.name}" for alias in node.names)
                yield from (name for name in inner if name in MODULES)
                if node.module.startswith("gateway.sandbox"):
                    yield "gateway.sandbox.app"


def floor_of(module: str) -> float:
    """Return the floor a module stands on."""
    _, place, *rest = module.split(".")
    if place in RESOURCES:
        return ROOMS[rest[0]]
    return FLOORS[place]


def may_import(module: str, other: str) -> bool:
    """Return whether the rule lets `module` import `other`."""
    same_package = module.split(".")[1] == other.split(".")[1]
    if floor_of(other) < floor_of(module) or same_package:
        return True
    return floor_of(module) == floor_of(other) == ROOMS["record"]


def test_each_module_imports_its_own_package_or_lower_floors() -> None:
    """Never up, never sideways into another resource's room."""
    wrong = [
        (module, other)
        for module, path in MODULES.items()
        for other in imports_of(path)
        if not may_import(module, other)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even within a package or a floor."""
    graph = {name: set(imports_of(path)) - {name} for name, path in MODULES.items() if "sandbox" not in name}
    assert list(TopologicalSorter(graph).static_order())


def test_what_reads_bytes_knows_nothing_of_the_way() -> None:
    """From bytes to rows there is no clock, no budget and no connection."""
    outward = {
        other
        for name, path in MODULES.items()
        if name.startswith("gateway.upstream.wire.")
        for other in imports_of(path)
        if other.startswith("gateway.upstream.way.")
    }
    assert outward == set()


def test_the_sandbox_is_an_island() -> None:
    """It imports nothing of the gateway, so that the two can disagree; only a command starts it."""
    outward = {
        other
        for name, path in MODULES.items()
        if name.startswith("gateway.sandbox")
        for other in imports_of(path)
        if not other.startswith("gateway.sandbox")
    }
    inward = {
        name
        for name, path in MODULES.items()
        if not name.startswith("gateway.sandbox")
        and any(other.startswith("gateway.sandbox") for other in imports_of(path))
    }
    assert outward == set()
    assert inward == {"gateway.commands.start"}


def test_the_rule_sees_an_import_that_points_up() -> None:
    """The rule itself: floors, rooms, and the exceptions it names."""
    assert not may_import("gateway.upstream.client", "gateway.mirror.answers.reading")
    assert not may_import("gateway.mirror.answers.operation_reads", "gateway.graph.context")
    assert not may_import("gateway.events.record", "gateway.contacts.schema")
    assert not may_import("gateway.events.schema", "gateway.contacts.schema")
    assert may_import("gateway.contacts.record", "gateway.events.record")
    assert may_import("gateway.contacts.mutations", "gateway.events.schema")
