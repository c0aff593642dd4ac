"""What the documentation tells users to type works.

On the pages of docs/, by the comment right before a block:

* python blocks run, one page in one namespace; ``<!-- not run: reason -->`` leaves one out;
* ``<!-- file: NAME -->`` writes the block to a file; one in configs/ is then loaded and checked;
* of shell blocks, options and configs of every tool that is called are checked, in the READMEs too;
  ``<!-- run -->`` also runs them, ``<!-- run with: OPTIONS -->`` with further options.

Everything happens in a folder that has the repository's configs, tools and checkpoints.
"""
import re
import shutil

import pytest

from genzoo.apis.config import load_config
from genzoo.errors import GenzooError

from .markdown import FILES, NAMES, ROOT, blocks, commands
from .tool_options import arguments, check_command, load

PAGES = [path for path in FILES if path.is_relative_to(ROOT / 'docs')]
TOOL_LINE = re.compile(r'\s*(\$ )?(\w+=\S+ )*(python )?tools/[\w/]+\.(py|sh)\b')
PAGE_NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


@pytest.fixture(scope='module')
def copy_of_configs(tmp_path_factory):
    folder = tmp_path_factory.mktemp('configs')
    shutil.copytree(ROOT / 'configs', folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def sandbox(tmp_path, monkeypatch, copy_of_configs):
    """The working directory of a user who follows a page."""
    shutil.copytree(copy_of_configs, tmp_path / 'configs')
    for name in ('tools', 'checkpoints', 'docs', 'Makefile', 'requirements', 'examples'):
        if (ROOT / name).exists():
            (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write_file(block, sandbox):
    path = sandbox / block.value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.code)
    if block.value.startswith('configs/'):
        load_config(block.value)


def run(command, extra):
    """Runs a tool in this process, which spares the imports."""
    tool, *words = command[1:]
    assert command[0] == 'python', f'{command}: only Python tools are run'
    if '--cfg-options' in words and extra[:1] == ['--cfg-options']:
        place = words.index('--cfg-options') + 1
        words[place:place] = extra[1:]
    else:
        words += extra
    with arguments(tool, words):
        load(tool).main()


def follow(block, page, sandbox, namespace):
    """Does what a block says; see the top of this file."""
    if block.mark == 'not run':
        return
    if block.mark == 'file':
        write_file(block, sandbox)
    elif block.language == 'python':
        exec(compile('\n' * block.line + block.code, str(page), 'exec'), namespace)
    elif block.language == 'bash':
        for command in commands(block.code):
            check_command(command)
            if block.mark in ('run', 'run with'):
                run(command, block.value.split())


@pytest.mark.parametrize('page', PAGES, ids=PAGE_NAMES)
def test_page_does_what_it_says(page, sandbox):
    namespace = {'__name__': page.stem}
    for block in blocks(page.read_text()):
        follow(block, page, sandbox, namespace)


@pytest.mark.parametrize('path', [path for path in FILES if path not in PAGES],
                         ids=[name for name in NAMES if name not in PAGE_NAMES])
def test_commands_of_the_readmes_fit_their_tools(path, sandbox, monkeypatch):
    monkeypatch.syspath_prepend(str(path.parent))  # an example's package is taken as installed
    for block in blocks(path.read_text()):
        if block.language in ('', 'bash', 'sh', 'console') and block.mark != 'not run':
            for line in block.code.replace('\\\n', ' ').splitlines():
                if TOOL_LINE.match(line):
                    for command in commands(line):
                        check_command(command)


def test_what_is_left_out_says_why():
    assert not [f'{page}:{block.line}' for page in PAGES for block in blocks(page.read_text())
                if block.mark == 'not run' and not block.value]


@pytest.mark.parametrize(('line', 'reason'), [
    ('python tools/absent.py', 'no such tool'),
    ('make absent', 'the Makefile has no'),
    ('python tools/train.py', 'arguments are required: config'),
    ('python tools/train.py configs/absent.py', 'the config is missing'),
    ('python tools/train.py configs/ssagan/ssagan_toy.py --sed 1', 'unrecognized arguments'),
    ('python tools/train.py configs/ssagan/ssagan_toy.py --cfg-options model.generatr.x=1', 'nearest: "generator"'),
    ('tools/dist_train.sh configs/ssagan/ssagan_toy.py', 'too few words'),
    ('python tools/infer.py ssagan --txt a', 'txt')])
def test_wrong_commands_would_be_seen(line, reason, sandbox):
    with pytest.raises((AssertionError, GenzooError), match=reason):
        check_command(*commands(line))


def test_blocks_are_read_right():
    page = ('# a\n\n<!-- run with: --seed 1 -->\n```bash\n$ A=1 python tools/x.py \\\n    --y  # z\n```\n'
            '```python\nb\n```\n')
    first, second = blocks(page)
    assert (first.mark, first.value, first.line) == ('run with', '--seed 1', 4)
    assert commands(first.code) == [['python', 'tools/x.py', '--y']]
    assert (second.language, second.mark, second.code) == ('python', '', 'b\n')
