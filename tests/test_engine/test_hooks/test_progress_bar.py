import io
import sys

import pytest

from ..tiny_gan import tiny_config, train


class Screen(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize('terminal', [True, False])
def test_bar_appears_on_terminals_only(tmp_path, monkeypatch, terminal):
    screen = Screen(terminal)
    monkeypatch.setattr(sys, 'stderr', screen)
    train(tiny_config(tmp_path, 3))
    assert ('3/3' in screen.getvalue() and 'loss_g' in screen.getvalue()) == terminal


def test_log_handlers_are_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'stderr', Screen(True))
    runner = train(tiny_config(tmp_path, 1))
    assert 'Tqdm' not in str(runner.logger.handlers)
