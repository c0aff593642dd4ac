"""What every file of the package keeps to; a failure lists the places."""
import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / 'genzoo').rglob('*.py'))}
TREES = {name: ast.parse(text) for name, text in FILES.items()}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def public_definitions(node, place=''):
    """Public classes and functions of a module or class, with their places; methods included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)) and not child.name.startswith('_'):
            yield f'{place}{child.name}', child
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child, f'{place}{child.name}.')


def calls():
    """Every call, as (file, line, dotted name)."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node.lineno, ast.unparse(node.func)


def test_all_that_is_public_has_a_docstring():
    bare = [name for name, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    bare += [f'{name}: {place}' for name, tree in TREES.items()
             for place, node in public_definitions(tree) if not ast.get_docstring(node)]
    assert not bare


@pytest.mark.parametrize(('forbidden', 'home'), [
    (('print',), None),
    (('pickle.load', 'pickle.loads'), None),
    (('torch.load',), 'genzoo/utils/checkpoint.py')])
def test_what_is_done_in_one_place_or_nowhere(forbidden, home):
    assert not [f'{name}:{line}' for name, line, function in calls()
                if function in forbidden and name != home]


def test_device_follows_the_input():
    assert not [f'{name}:{line}' for name, line, function in calls() if function.endswith('.cuda')]


def test_importing_makes_no_tensor():
    made = [f'{name}:{node.lineno}' for name, tree in TREES.items() for node in tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value
            for part in ast.walk(node.value) if isinstance(part, ast.Call)
            and ast.unparse(part.func) in {'torch.tensor', 'torch.zeros', 'torch.ones', 'torch.arange', 'torch.eye'}]
    assert not made  # on whichever device is the default at that moment, be it the meta device


def test_nothing_is_asserted():
    assert not [f'{name}:{node.lineno}' for name, tree in TREES.items() for node in ast.walk(tree)
                if isinstance(node, ast.Assert)]


def test_files_stay_short():
    assert not [name for name, text in FILES.items() if text.count('\n') >= 400]
