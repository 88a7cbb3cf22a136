"""Small faults made of a module's syntax tree: one operator, constant, condition, result or statement at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""The boundary moved, and the opposite."""

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}

NOT_BEHAVIOUR = frozenset({"decorator_list", "annotation", "returns"})
"""Fields of a node that say what something is and not what it does."""

ASSERTIONS = frozenset({"strict"})
"""Keywords that only check what cannot be otherwise: `zip(..., strict=True)`."""

Place = tuple[ast.AST, str, int | None]


@dataclass(frozen=True)
class Mutant:
    """A module with one fault: where, the first line of the statement before and after, and the whole source."""

    where: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What tells it from the others of its module, whatever the line numbers."""
        return f"{self.where}: {self.before} -> {self.after}"


def mutants_of(source: str) -> list[Mutant]:
    """Return all mutants of a module, each name once, in the order of the source."""
    tree = ast.parse(source)
    made = {}
    for node, place, where, statement in _visited(tree):
        before = _first_line(statement)
        for other in _alternatives(node):
            _put(place, other)
            mutant = Mutant(where, before, _first_line(other if node is statement else statement), ast.unparse(tree))
            _put(place, node)
            made[mutant.name] = mutant
    return list(made.values())


def _visited(tree: ast.Module) -> Iterator[tuple[ast.AST, Place, str, ast.AST]]:
    """Yield each node with its place in its parent, the function it is in and its innermost statement."""
    waiting: list[tuple[ast.AST, str, ast.AST]] = [(tree, "module", tree)]
    while waiting:
        parent, where, statement = waiting.pop(0)
        for child, place in _children(parent):
            own = child if isinstance(child, ast.stmt) else statement
            inside = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else where
            yield child, place, where, own
            waiting.append((child, inside, own))


def _children(parent: ast.AST) -> Iterator[tuple[ast.AST, Place]]:
    for field, value in ast.iter_fields(parent):
        if field in NOT_BEHAVIOUR:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not (isinstance(child, ast.keyword) and child.arg in ASSERTIONS):
                yield child, (parent, field, index)


def _put(place: Place, node: ast.AST) -> None:
    parent, field, index = place
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _first_line(statement: ast.AST) -> str:
    lines = ast.unparse(statement).splitlines()
    return next((line for line in lines if not line.startswith("@")), "pass")


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, [operator], right):
            yield from (ast.Compare(left, [other()], right) for other in COMPARISONS[type(operator)])
        case ast.BinOp(left, operator, right) if type(operator) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield from (_joined(operator, values[:i] + values[i + 1 :]) for i in range(len(values)))
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield operand
        case ast.IfExp(condition, first, second):
            yield ast.IfExp(condition, second, first)
        case ast.Constant(value):
            yield from map(ast.Constant, _other_values(value))
        case ast.Return(ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.stmt() if _can_go(node):
            yield ast.Pass()
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)


def _joined(operator: ast.boolop, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.BoolOp(operator, values)


def _other_values(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return value + 1, value - 1
    return (value * 1.5, value * 0.5) if isinstance(value, float) and value else ()


def _can_go(node: ast.stmt) -> bool:
    """Whether a module without this statement still has all its names: anything else is found at once."""
    match node:
        case ast.Expr(ast.Constant()):
            return False
        case ast.Assign(targets):
            return not any(isinstance(target, ast.Name | ast.Tuple) for target in targets)
    return isinstance(node, ast.Expr | ast.AugAssign | ast.If | ast.For | ast.Raise | ast.Continue | ast.Break)
