"""What genzoo raises when something that the user gave is wrong.

Each message is one line: what was given, what is wrong with it, and the remedy.
The tools print that line alone; any other exception is a bug and keeps its traceback.
"""


class GenzooError(ValueError):
    """Something that the user gave is wrong."""


class ConfigError(GenzooError):
    """A config file, a config key or a command line option is wrong."""


class DataError(GenzooError):
    """A data set, or one file of it, is missing, broken or does not fit."""


class WeightsError(GenzooError):
    """A file of weights is missing, broken, unsafe or belongs to another model."""


class TrainingError(GenzooError):
    """Training cannot go on, for instance because a loss is not finite."""
