"""However a shipped config is edited, loading it names what is wrong with it, or loads it.

``--fuzz-examples N`` draws N examples a test, new ones in each run.
"""
import argparse
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mmengine.config import Config
from test_engine.tiny_gan import ROOT

from genzoo.apis.cli import CfgOptions
from genzoo.apis.config import load_config

from .fuzzing import PLAIN, REMOVED, damaged, only_our_errors, places_of, put

SHIPPED = sorted(path for path in (ROOT / 'configs').glob('*/*.py') if path.parent.name != '_base_')
CONTENTS = {path.stem: Config.fromfile(path).to_dict() for path in SHIPPED}
TEXTS = {path.stem: path.read_text() for path in SHIPPED}
NAMES = st.sampled_from(sorted(CONTENTS))
TYPES = st.sampled_from(['SSAGAN', 'Adam', 'mmagic.Anything', 'mmengine.Config', 'os.system', 'torch.nn.Linear', '',
                         '.', 'IterBasedTrainLoop', 'ZooCheckpointHook', 'genzoo.', 'a.b.c'])
ARGUMENTS = st.sampled_from(['', '1', '-1', 'None', 'True', '[1,2]', '(1,', '[', '1e999', '"a"', '{a}', '${b}',
                             '[[1,2],[3]]', '(1,2),(3', '{{ fileDirname }}', 'nan'])
VALUES = st.one_of(st.just(REMOVED), PLAIN, TYPES, TYPES.map(lambda name: dict(type=name)))


@st.composite
def edited_config(draw):
    content = CONTENTS[draw(NAMES)]
    for _ in range(draw(st.integers(1, 3))):
        places = places_of(content)[1:]
        assume(places)
        depth = draw(st.sampled_from(sorted({len(place) for place in places})))
        place = draw(st.sampled_from([place for place in places if len(place) == depth]))
        content = put(content, place, draw(VALUES))
    return content


@st.composite
def option(draw):
    """A config, and ``place=value`` as on the command line."""
    name = draw(NAMES)
    place = '.'.join(map(str, draw(st.sampled_from(places_of(CONTENTS[name])))))
    place = draw(st.sampled_from([place, f'{place}.0', f'{place}.x', f'{place}.', f'.{place}', place[:-1]]))
    return name, f'{place}={draw(st.one_of(ARGUMENTS, st.text(max_size=6)))}'


def parsed(argument: str) -> dict:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions)
    return parser.parse_args(['--cfg-options', argument]).cfg_options


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp('configs')


@given(content=edited_config())
def test_edited_configs(folder, content):
    try:
        Config(content).dump(folder / 'edited.py')
    except Exception:  # mmengine cannot write it; no user will have such a file
        assume(False)
    with only_our_errors():
        load_config(folder / 'edited.py')


@given(name=NAMES, data=st.data())
@pytest.mark.filterwarnings('ignore')
def test_damaged_files(folder, name, data):
    text = data.draw(damaged(TEXTS[name].replace("'../", f"'{ROOT}/configs/").encode()))
    assume(b'import' not in text)
    (folder / 'damaged.py').write_bytes(text)
    with only_our_errors():
        load_config(folder / 'damaged.py')


@given(content=st.one_of(st.binary(max_size=50), PLAIN.map(lambda value: repr(value).encode()), st.sampled_from([
    b'[1]', b'null', b'{"model": 3}', b'{"a": {"type": []}}', b'a: [', b'{1: 2}', b'{"type": 1}', b'- 1', b'"x"',
    b'{"_base_": "x.py"}', b'{"_base_": 3}', b'{"custom_imports": 3}', b'{"default_scope": 3}'])),
       ending=st.sampled_from(['json', 'yaml', 'py']))
@pytest.mark.filterwarnings('ignore')
def test_other_formats(folder, content, ending):
    (folder / f'other.{ending}').write_bytes(content)
    with only_our_errors():
        load_config(folder / f'other.{ending}')


@given(edit=option())
def test_options_of_the_command_line(edit):
    name, argument = edit
    path = next(path for path in SHIPPED if path.stem == name)
    with only_our_errors():
        try:
            options = parsed(argument)
        except (argparse.ArgumentError, SystemExit):
            return
        load_config(path, options)


@given(argument=st.text(max_size=12))
def test_any_argument_as_an_option(argument):
    with only_our_errors():
        try:
            options = parsed(argument)
        except (argparse.ArgumentError, SystemExit):
            return
        load_config(SHIPPED[0], options)
