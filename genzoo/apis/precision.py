"""Mixed precision, as the command line asks for it."""
from ..errors import ConfigError


def use_autocast(optim_wrapper: dict, precision: str) -> None:
    """Turns the optimiser wrappers of a config into those for mixed precision.

    Raises:
        ConfigError: one of them is of a special type, which autocast would replace.
    """
    entries = ([optim_wrapper] if 'optimizer' in optim_wrapper
               else [entry for entry in optim_wrapper.values() if isinstance(entry, dict)])
    for entry in entries:
        if entry.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AutocastOptimWrapper'):
            raise ConfigError(f'--amp: would replace optim_wrapper type "{entry["type"]}"; '
                              'set the precision in the config.')
        entry.update(type='AutocastOptimWrapper', precision=precision)
