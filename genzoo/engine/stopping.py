"""Ending a run early and in order."""
import os
import shlex
import sys
from collections.abc import Sequence


class TrainingStopped(Exception):
    """Raised by a hook to end training early; :class:`~genzoo.engine.SafeRunner` catches it."""


def resume_command(argv: Sequence[str] | None = None) -> str:
    """The command line that goes on with the run that ``argv`` started.

    Args:
        argv: of the running process; default: its own. The launch scripts pass theirs in
            the variable GENZOO_COMMAND, since torchrun's workers see another one.
    """
    if argv is None:
        launched = os.environ.get('GENZOO_COMMAND')
        argv = shlex.split(launched) if launched else ['python', *sys.argv]
    kept, words = [], iter(argv)
    for word in words:
        if word != '--resume':
            kept += [word] if word != '--overwrite' else []
            continue
        following = next(words, None)  # the checkpoint that was resumed, or the next option
        if following is not None and following.startswith('-'):
            kept.append(following)
    return shlex.join([*kept, '--resume'])
