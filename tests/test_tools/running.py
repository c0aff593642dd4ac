"""Tools in this process: a new one would take seconds to import what they need."""
import runpy
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / 'tools'
CONFIGS = TOOLS.parent / 'configs'


def run_tool(monkeypatch, capsys, name, *args):
    """Status, standard output and standard error."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    try:
        runpy.run_path(str(TOOLS / name), run_name='__main__')
        status = 0
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err
