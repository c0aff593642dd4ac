import json
import math

import numpy as np
import pytest

from genzoo.errors import ConfigError, DataError
from genzoo.visualization.training_log import choose_keys, read_run, run_names


def write_log(run_dir, timestamp, records, tail=''):
    path = run_dir / timestamp / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(f'{json.dumps(record)}\n' for record in records) + tail)


def points(series):
    return list(zip(*map(list, series)))


def test_quantities_are_read_by_step(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=3.0, lr=1e-3, iter=2, step=2), {'FID/fid': 9.0, 'step': 2},
                                            dict(loss=2.0, lr=1e-3, iter=4, step=4)])
    run = read_run(tmp_path)
    assert set(run) == {'loss', 'lr', 'FID/fid'}
    assert points(run['loss']) == [(2, 3), (4, 2)]
    assert points(run['FID/fid']) == [(2, 9)]


def test_a_resumed_run_is_joined_and_what_was_thrown_away_does_not_count(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=float(step), step=step) for step in (10, 20, 25, 30)])
    write_log(tmp_path, '20260102_000000', [dict(loss=-1.0, step=20), dict(loss=-2.0, step=40)])
    assert points(read_run(tmp_path)['loss']) == [(10, 10), (20, -1), (40, -2)]


def test_a_quantity_that_the_later_start_has_not_reached_is_kept(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=1.0, step=10), dict(fid=5.0, step=10)])
    write_log(tmp_path, '20260102_000000', [dict(loss=0.5, step=11)])
    run = read_run(tmp_path)
    assert points(run['fid']) == [(10, 5)]
    assert points(run['loss']) == [(10, 1), (11, .5)]


def test_a_half_written_last_line_is_left_out(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=1.0, step=1)], tail='{"loss": 2.0, "st')
    assert points(read_run(tmp_path)['loss']) == [(1, 1)]


def test_what_is_no_record_is_left_out(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=1.0), [1], 'text', dict(loss='high', step=1),
                                            dict(loss=math.nan, step=2), dict(loss=2.0, step=3)], tail='\0\0\n')
    steps, values = read_run(tmp_path)['loss']
    assert steps.tolist() == [2, 3]
    assert np.isnan(values[0])


@pytest.mark.parametrize('content', ['garbage', 'garbage\n', '{"loss": 1}\n{"loss": 2}\n', '\0\1\2'])
def test_a_log_without_any_record_is_named(tmp_path, content):
    write_log(tmp_path, '20260101_000000', [])
    write_log(tmp_path, '20260102_000000', [], tail=content)
    with pytest.raises(DataError, match='20260102_000000/vis_data/scalars.json: is no log of a run'):
        read_run(tmp_path)


def test_a_first_line_that_is_being_written_is_waited_for(tmp_path):
    write_log(tmp_path, '20260101_000000', [], tail='{"loss": 1.0, "st')
    with pytest.raises(DataError, match='nothing has been logged yet'):
        read_run(tmp_path)


def test_a_file_is_no_run(tmp_path):
    (tmp_path / 'log').write_text('')
    with pytest.raises(DataError, match='log: is a file, but should be the work dir of a run, a folder'):
        read_run(tmp_path / 'log')


def test_a_start_that_logged_nothing_does_not_matter(tmp_path):
    write_log(tmp_path, '20260101_000000', [dict(loss=1.0, step=1)])
    write_log(tmp_path, '20260102_000000', [])
    assert points(read_run(tmp_path)['loss']) == [(1, 1)]
    with pytest.raises(DataError, match='nothing has been logged yet'):
        read_run(tmp_path / '20260102_000000')


def test_a_folder_without_log_is_named(tmp_path):
    with pytest.raises(DataError, match=rf'{tmp_path}: holds no .*scalars\.json'):
        read_run(tmp_path)


def test_names_are_as_long_as_it_takes_to_tell_runs_apart(tmp_path):
    assert run_names(['a/x', 'a/y']) == ['x', 'y']
    assert run_names(['a/x', 'b/x/']) == ['a/x', 'b/x']
    with pytest.raises(ConfigError, match='a/x: is given twice'):
        run_names(['a/x', './a/x'])


def test_keys_are_chosen_by_name_or_pattern():
    available = ['generator.lr', 'time', 'loss_g', 'loss_d_real', 'loss_d_fake']
    assert choose_keys(available, None) == ['loss_g', 'loss_d_real', 'loss_d_fake']
    assert choose_keys(available, ['time', 'loss_d_*']) == ['time', 'loss_d_real', 'loss_d_fake']
    assert choose_keys(['time'], None) == ['time']
    with pytest.raises(ConfigError, match='--keys los: .*there is generator.lr, time, loss_g'):
        choose_keys(available, ['los'])
