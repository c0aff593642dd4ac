"""The commands that tools/download.py prints at its end, ``Next`` in the metafiles, fit their tools."""
from pathlib import Path

import pytest

from genzoo.apis.config import load_config
from genzoo.apis.zoo import read_zoo
from genzoo.errors import ConfigError

from .markdown import ROOT, commands
from .tool_options import arguments, check_command, is_ours, load

ZOO = read_zoo()
NEXT = list(dict.fromkeys(line.format(config=entry.config, checkpoint=entry.checkpoint)
                          for entry in ZOO.entries for line in entry.next))


def check_next(line: str) -> None:
    """Raises if the tool, an option, a config, a name of the zoo or a metric does not exist; fetches nothing."""
    (command,) = commands(line)
    assert is_ours(command), f'{line}: calls no tool of the repository'
    check_command(command)
    for word in command:
        assert not word.startswith('configs/') or Path(word).is_file(), f'{word}: no such config'
    _, tool, *words = command
    if tool == 'tools/download.py':
        ZOO.find(words[0])
    elif tool == 'tools/test.py':
        module = load(tool)
        with arguments(tool, words):
            args = module.parse_args()
        module.choose_metrics(load_config(args.config).test_evaluator, args.metrics or [])


@pytest.mark.parametrize('line', NEXT)
def test_next_command_fits_its_tool(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    check_next(line)


def test_each_model_with_weights_says_what_comes_next():
    assert not [entry.name for entry in ZOO.entries if entry.sources and not entry.next]


@pytest.mark.parametrize(('line', 'reason'), [
    ('echo done', 'calls no tool'),
    ('python tools/tset.py a b', 'no such tool'),
    ('python tools/infer.py ssagan --config configs/ssagan/absent.py --checkpoint a --text b', 'no such config'),
    ('python tools/infer.py ssagan --txt b', 'txt'),
    ('python tools/train.py configs/ssagan/absent.py', 'the config is missing'),
    ('python tools/test.py configs/ssagan/ssagan_cub.py a --metrics fdi', 'no such metric'),
    ('python tools/download.py damsm_cup', 'not in the model zoo')])
def test_wrong_next_commands_would_be_seen(line, reason, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises((AssertionError, ConfigError), match=reason):
        check_next(line)
