import numpy as np
import pytest
from PIL import Image

from genzoo.errors import ConfigError
from genzoo.visualization.curves import draw_curves, run_colours, save_figure, smoothed


def series(*values):
    return np.arange(len(values), dtype=float), np.array(values, dtype=float)


def lines(axes):
    return [(line.get_color(), line.get_ydata().tolist()) for line in axes.lines]


def test_each_quantity_has_a_panel_and_each_run_a_colour():
    figure = draw_curves(dict(a=dict(loss=series(3, 2), fid=series(9)), b=dict(loss=series(4, 1))), ['loss', 'fid'])
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ('loss', 'fid')
    colours = run_colours(2)
    assert lines(first) == [(colours[0], [3, 2]), (colours[1], [4, 1])]
    assert lines(second) == [(colours[0], [9])]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['a', 'b']


def test_a_single_point_is_seen():
    figure = draw_curves(dict(a=dict(fid=series(9))), ['fid'])
    assert figure.axes[0].lines[0].get_marker() == 'o'


def test_smoothing_keeps_the_values_as_logged_behind():
    figure = draw_curves(dict(a=dict(loss=series(4, 0))), ['loss'], smooth=0.5)
    (_, logged), (_, smooth) = lines(figure.axes[0])
    assert logged == [4, 0]
    assert smooth == pytest.approx([4, 4 / 3])


def test_smoothing_has_no_bias_and_passes_over_what_is_not_finite():
    assert smoothed(np.full(5, 7.), 0.9) == pytest.approx([7] * 5)
    assert smoothed(np.array([1., np.nan, 1.]), 0.9) == pytest.approx([1, np.nan, 1], nan_ok=True)
    assert smoothed(np.array([1., 5.]), 0) == pytest.approx([1, 5])
    with pytest.raises(ConfigError, match='--smooth 1'):
        draw_curves(dict(a=dict(loss=series(4, 0))), ['loss'], smooth=1)


def test_colours_differ_however_many_runs_there_are():
    for count in (1, 10, 25):
        assert len({tuple(colour) for colour in run_colours(count)}) == count


def test_the_format_is_what_the_name_ends_in(tmp_path):
    figure = draw_curves(dict(a=dict(loss=series(4, 0))), ['loss'])
    save_figure(figure, tmp_path / 'new' / 'curves.png')
    with Image.open(tmp_path / 'new' / 'curves.png') as picture:
        assert np.asarray(picture.convert('RGB')).std() > 0
    save_figure(figure, tmp_path / 'curves.svg')
    assert '<svg' in (tmp_path / 'curves.svg').read_text()
    with pytest.raises(ConfigError, match=r'curves\.bmp: must end in one of .*\.png'):
        save_figure(figure, tmp_path / 'curves.bmp')
