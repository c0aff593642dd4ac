"""Whether a command line fits the tool that it calls, found out without running it."""
import contextlib
import importlib.util
import inspect
import io
import re
import subprocess
import sys
from pathlib import Path

from genzoo.apis.config import load_config

from .markdown import ROOT

# Shell scripts: the tool that they start, and their words as its words.
SCRIPTS = {
    'tools/dist_train.sh': ('tools/train.py', 2, lambda words: [words[0], *words[2:]]),
    'tools/dist_test.sh': ('tools/test.py', 3, lambda words: [*words[:2], *words[3:]]),
    'tools/slurm_train.sh': ('tools/train.py', 4, lambda words: [words[2], '--work-dir', *words[3:]]),
}


def is_ours(command: list[str]) -> bool:
    """Whether a command calls a tool of the repository, or make."""
    words = command[1:] if command[0] in ('python', 'bash') else command
    return words[0].startswith('tools/') or command[0] == 'make'


def check_command(command: list[str]) -> None:
    """Raises if the tool does not exist or does not take the options; other programs are not judged."""
    if not is_ours(command):
        return
    if command[0] == 'make':
        targets = re.findall(r'^([\w-]+):', (ROOT / 'Makefile').read_text(), re.M)
        missing = [word for word in command[1:] if '=' not in word and word not in targets]
        assert not missing, f'the Makefile has no {missing}'
        return
    tool, *words = command[1:] if command[0] in ('python', 'bash') else command
    assert (ROOT / tool).is_file(), f'{tool}: no such tool'
    if tool in SCRIPTS:
        tool, least, rearrange = SCRIPTS[tool]
        assert len(words) >= least, f'{command}: too few words'
        words = rearrange(words)
    check_options(tool, words)


def check_options(tool: str, words: list[str]) -> None:
    """Parses ``words`` as ``tool`` does; a config among them is loaded, with the changes to it."""
    module = load(tool)
    if tool == 'tools/infer.py':
        parse_for_inferencer(module, words)
        return
    if not hasattr(module, 'parse_args'):
        compare_with_help(tool, words)
        return
    with arguments(tool, words):
        args = module.parse_args()
    configs = args.config if isinstance(getattr(args, 'config', None), list) else [getattr(args, 'config', None)]
    for config in filter(None, configs):
        if Path(config).parts[0] != 'work_dirs':
            load_config(config, getattr(args, 'cfg_options', None))


def load(tool: str):
    """The module of a tool, its ``main`` not run."""
    spec = importlib.util.spec_from_file_location(f'tool_{Path(tool).stem}', ROOT / tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def arguments(tool: str, words: list[str]):
    """The command line of this process, for a while; what argparse says becomes the error."""
    kept, sys.argv = sys.argv, [tool, *words]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    except SystemExit as error:
        if error.code:
            raise AssertionError(f'{tool} {" ".join(words)}: {said.getvalue()}') from error
    finally:
        sys.argv = kept


def parse_for_inferencer(module, words: list[str]) -> None:
    """Parses as tools/infer.py does, with a function that does nothing in the inferencer's place."""
    real = module.command

    def harmless(inferencer):
        def nothing(**options):
            return options['out_dir']
        run = real(inferencer)
        nothing.__signature__, nothing.__doc__ = inspect.signature(run), run.__doc__
        nothing.__annotations__ = run.__annotations__
        return nothing

    module.command = harmless
    with arguments('tools/infer.py', words), contextlib.redirect_stdout(io.StringIO()):
        module.main()


def compare_with_help(tool: str, words: list[str]) -> None:
    """For tools without ``parse_args``: every option is in the help."""
    done = subprocess.run([sys.executable, str(ROOT / tool), '--help'], capture_output=True, text=True, timeout=60,
                          check=True)
    unknown = [word for word in words if word.startswith('--') and word.split('=')[0] not in done.stdout]
    assert not unknown, f'{tool} has no {unknown}'
