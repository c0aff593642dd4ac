"""Who may import whom, read off the source."""
import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'genzoo'
GROUND = {'registry', 'structures', 'converters', 'utils', 'errors', 'version'}
FOUNDATIONS = {'models.base', 'models.layers', 'models.losses', 'models.features'}
PAPERS = {f'models.{path.name}' for path in (PACKAGE / 'models').iterdir()
          if path.is_dir() and path.name != '__pycache__'} - FOUNDATIONS
MIDDLE = {'engine', 'evaluation', 'visualization', 'datasets', 'models'} | PAPERS
FILES = sorted(PACKAGE.rglob('*.py'))


def allowed(part):
    """The parts of genzoo that ``part`` may import, besides itself."""
    if part == '':  # the package offers its version and, when asked, its apis
        return {'version', 'apis'}
    if part == 'apis':
        return MIDDLE | FOUNDATIONS | GROUND
    if part == 'models':  # the list of what there is
        return PAPERS | FOUNDATIONS
    if part in PAPERS:
        return FOUNDATIONS | GROUND
    if part in MIDDLE | FOUNDATIONS:
        return GROUND
    return dict(registry=set(), structures=set(), errors=set(), version=set(), utils={'errors'},
                converters={'errors', 'utils'})[part]


def part_of(module):
    """``models.ssagan`` of ``genzoo.models.ssagan.generator``; ``engine`` of ``genzoo.engine.hooks``."""
    words = module.split('.')[1:]
    return '.'.join(words[:2] if words[:1] == ['models'] else words[:1])


def module_of(path):
    words = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(words[:-1] if words[-1] == '__init__' else words)


def is_module(name):
    path = ROOT / Path(*name.split('.'))
    return path.is_dir() or path.with_suffix('.py').is_file()


def imports_of(path):
    """Modules that a file imports, wherever in the file; of other packages as ``torch.Tensor``."""
    package = module_of(path).split('.')
    package = package if path.name == '__init__.py' else package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            base = '.'.join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f'{base}.{alias.name}'
                yield inner if is_module(inner) or not base.startswith('genzoo') else base


def is_ours(name):
    return name.split('.')[0] == 'genzoo'


def test_imports_go_downwards():
    wrong = []
    for path in FILES:
        part = part_of(module_of(path))
        wrong += [f'{module_of(path)} imports {name}' for name in imports_of(path)
                  if is_ours(name) and part_of(name) not in allowed(part) | {part}]
    assert not wrong


def test_wrong_imports_would_be_seen():
    assert 'models.ssagan' in PAPERS
    assert not {'apis', 'engine', 'models', 'models.another'} & allowed('models.ssagan')
    assert not {'datasets', 'evaluation', 'models', 'models.ssagan', 'models.base'} & allowed('engine')
    assert not {'models.ssagan', 'apis', 'datasets'} & allowed('models.base')
    assert 'registry' not in allowed('utils') | allowed('converters')


def test_imports_are_read_right():
    read = set(imports_of(PACKAGE / 'models' / 'ssagan' / 'encoders.py'))
    assert {'genzoo.converters.ssagan', 'genzoo.errors', 'genzoo.registry', 'genzoo.models.features',
            'torch.Tensor', 'torch'} <= read
    assert set(imports_of(PACKAGE / '__init__.py')) == {'genzoo.version', 'genzoo.apis'}


def test_converters_know_no_modules():
    names = {name for path in (PACKAGE / 'converters').rglob('*.py') for name in imports_of(path)}
    assert 'torch.Tensor' in names
    assert not {name for name in names if name.startswith(('torch.nn', 'mmengine', 'mmcv', 'torchvision'))}


def test_operators_of_mmcv_are_not_used():
    names = {name for path in FILES for name in imports_of(path)}
    assert 'mmcv.cnn.build_norm_layer' in names
    assert not {name for name in names if name.startswith('mmcv.ops')}


def test_tools_are_imported_by_nobody():
    assert not [path for path in FILES for name in imports_of(path) if name.split('.')[0] == 'tools']


def printed(code):
    """Words that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_importing_genzoo_loads_nothing_heavy():
    loaded = printed('import genzoo, sys\nprint(*sys.modules)')
    assert 'genzoo' in loaded
    assert not {'torch', 'mmengine', 'mmcv', 'numpy', 'cv2', 'PIL'} & loaded


def test_importing_the_registries_loads_no_component():
    loaded = printed('import genzoo.registry, sys\nprint(*sys.modules)')
    assert {name for name in loaded if is_ours(name)} == {'genzoo', 'genzoo.registry', 'genzoo.version'}
