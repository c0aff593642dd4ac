"""Curves of several runs as one picture."""
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import matplotlib.lines
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..errors import ConfigError
from ..utils import atomic_write
from .training_log import Series

PANEL = (4.2, 2.9)  # inches
COLUMNS = 3
DOTS_PER_INCH = 110
FEW_POINTS = 3
"""Up to so many are marked, too: one alone would be no line."""


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Running average, exponentially weighted, without a bias towards its start.

    Args:
        values: (N,); what is not finite is left out of the average.
        weight: of what came before, in [0, 1); 0: no smoothing.

    Returns:
        (N,) float64; not finite where ``values`` is not.
    """
    total = mass = 0.0
    result = np.full(len(values), np.nan)
    for index, value in enumerate(values):
        if np.isfinite(value):
            total, mass = weight * total + (1 - weight) * value, weight * mass + (1 - weight)
            result[index] = total / mass
    return result


def run_colours(count: int) -> list:
    """One colour a run; ten that are easily told apart, or as many along a scale."""
    if count <= 10:
        return list(matplotlib.colormaps['tab10'].colors[:count])
    return list(matplotlib.colormaps['turbo'](np.linspace(0.05, 0.95, count)))


def draw_curves(runs: Mapping[str, Mapping[str, Series]], keys: Sequence[str], smooth: float = 0.0) -> Figure:
    """One panel a quantity, one colour a run.

    Args:
        runs: series by quantity, by name of the run.
        keys: the quantities, in the order of the panels.
        smooth: see :func:`smoothed`; the values as logged then stand faintly behind.

    Raises:
        ConfigError: ``smooth`` is not in [0, 1).
    """
    if not 0 <= smooth < 1:
        raise ConfigError(f'--smooth {smooth}: must be at least 0 and less than 1.')
    columns = min(COLUMNS, len(keys))
    rows = -(-len(keys) // columns)
    legend_rows = -(-len(runs) // columns)
    height = rows * PANEL[1] + 0.3 + 0.22 * legend_rows
    figure = Figure(figsize=(columns * PANEL[0], height), layout='constrained', dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    colours = run_colours(len(runs))
    for number, key in enumerate(keys, start=1):
        axes = figure.add_subplot(rows, columns, number)
        for colour, series in zip(colours, runs.values()):
            if key in series:
                _draw_series(axes, series[key], colour, smooth)
        axes.set_title(key, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
        axes.set_xlabel('step', fontsize=8)
    handles = [matplotlib.lines.Line2D([], [], color=colour, label=name) for colour, name in zip(colours, runs)]
    figure.legend(handles=handles, loc='outside upper center', ncols=columns, fontsize=9, frameon=False)
    return figure


def _draw_series(axes: Axes, series: Series, colour, smooth: float) -> None:
    steps, values = series
    marker = 'o' if len(steps) <= FEW_POINTS else None
    if smooth:
        axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
        values = smoothed(values, smooth)
    axes.plot(steps, values, color=colour, linewidth=1.4, marker=marker, markersize=3)


def save_figure(figure: Figure, path: str | Path) -> None:
    """Writes a figure, whole or not at all, in the format that the name ends in.

    Raises:
        ConfigError: matplotlib knows no such format.
    """
    path = Path(path)
    formats = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ConfigError(f'{path}: must end in one of {", ".join(f".{name}" for name in sorted(formats))}.')
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
