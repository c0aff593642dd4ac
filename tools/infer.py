"""Uses a trained model: one subcommand a paper, see --help of each.

    python tools/infer.py ssagan --text "a small bird with a red head" --num 4 --masks --out-dir out/
"""
import inspect
import re
import sys
from pathlib import Path

import tyro

from genzoo.apis.cli import one_line_errors
from genzoo.apis.inferencers import find_inferencers
from genzoo.errors import ConfigError


def _arguments(docstring: str | None) -> str:
    """The ``Args:`` part of a docstring, up to the next section."""
    text = inspect.cleandoc(docstring or '')
    after = text.partition('Args:\n')[2] or text.partition('Args:')[2]
    return after.partition('\n\n')[0]


def command(inferencer: type):
    """A function with the parameters of an inferencer's constructor and stream, and their help."""
    build = list(inspect.signature(inferencer.__init__).parameters.values())[1:]
    call = list(inspect.signature(inferencer.stream).parameters.values())[1:]
    call = [parameter.replace(default=Path('out')) if parameter.name == 'out_dir' else parameter
            for parameter in call]

    def run(**options):
        model = inferencer(**{parameter.name: options[parameter.name] for parameter in build})
        for _ in model.stream(**{parameter.name: options[parameter.name] for parameter in call}):
            pass  # written, and not kept: there may be very many
        return options['out_dir']

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*build, *call)]
    run.__signature__ = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    title = inspect.cleandoc(inferencer.__doc__).splitlines()[0]
    run.__doc__ = '\n'.join([title, '', 'Args:', _arguments(inferencer.__doc__),
                             _arguments(inferencer.stream.__doc__)])
    return run


@one_line_errors()
def main() -> None:
    """Finds the inferencers, reads the command line and runs one."""
    flags = [word.partition('=')[0] for word in sys.argv[1:] if re.match(r'--[a-z]', word)]
    twice = next((flag for flag in flags if flags.count(flag) > 1), None)
    if twice is not None:  # the last one would win, silently
        raise ConfigError(f'{twice}: is given twice. Put all its values after one {twice}.')
    commands = {slug: command(inferencer) for slug, inferencer in find_inferencers().items()}
    out_dir = tyro.extras.subcommand_cli_from_dict(commands, prog='infer.py', sort_subcommands=True)
    sys.stdout.write(f'written to {out_dir}\n')


if __name__ == '__main__':
    main()
