from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from test_engine.tiny_gan import tiny_config, with_test
from torch import nn

from genzoo.apis import custom_imports
from genzoo.apis.config import check_config, load_config
from genzoo.apis.signatures import arguments
from genzoo.errors import ConfigError
from genzoo.registry import HOOKS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def good(tmp_path) -> Config:
    cfg = with_test(tiny_config(tmp_path, validate=2))
    cfg.custom_hooks = [dict(type='SampleImagesHook', interval=2, priority='LOW')]
    return cfg


def test_good_config_passes(good):
    check_config(good)


@pytest.mark.parametrize(('place', 'message'), [
    ('model.generator.chanels', 'generator: TinyGenerator has no argument "chanels"; nearest: "channels"'),
    ('model.pauze', 'model: TinyGAN has no argument "pauze"; nearest: "pause"'),
    ('train_dataloader.batch_sise', 'train_dataloader: no such key "batch_sise"; nearest: "batch_size"'),
    ('train_dataloader.dataset.lenght', 'TinyVectors has no argument "lenght"; nearest: "length"'),
    ('train_dataloader.sampler.shufle', 'EpochShuffleSampler has no argument "shufle"; nearest: "shuffle"'),
    ('train_dataloader.collate_fn.item', 'zoo_collate has no argument "item"; nearest: "items"'),
    ('train_cfg.max_iter', 'IterBasedTrainLoop has no argument "max_iter"; nearest: "max_iters"'),
    ('optim_wrapper.generator.clip_gard', 'generator: no such key "clip_gard"; nearest: "clip_grad"'),
    ('optim_wrapper.generator.optimizer.betta', 'Adam has no argument "betta"; nearest: "betas"'),
    ('default_hooks.checkpoint.max_keep', 'no argument "max_keep"; nearest: "max_keep_ckpts"'),
    ('randomness.sed', 'randomness: no such key "sed"; nearest: "seed"'),
    ('env_cfg.mp_cfg.mp_start', 'env_cfg.mp_cfg: no such key "mp_start"; nearest: "mp_start_method"'),
    ('val_evaluator.prefixx', 'TinyBrightness has no argument "prefixx"; nearest: "prefix"'),
    ('modle', 'no such key "modle"; nearest: "model"'),
    ('model.ema.generatr', 'model.ema: the model has no network "generatr"; nearest: "generator"'),
    ('default_hooks.checkpont.interval', 'no such hook: "checkpont"; nearest: "checkpoint"'),
    ('variable.norm_cfg.typ', 'variable.norm_cfg: has no type, only typ'),
    ('train_dataloader.max_batches', 'train_dataloader: no such key "max_batches"'),
    ('train_dataloder', 'no such key "train_dataloder"; nearest: "train_dataloader"'),
])
def test_misspelt_key_is_named_with_the_nearest(good, place, message):
    good.merge_from_dict({place: 1})
    with pytest.raises(ConfigError, match=message) as caught:
        check_config(good)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('place', 'name', 'nearest'), [
    ('model.type', 'TinyGANN', 'TinyGAN'), ('default_hooks.nan_guard.type', 'NanGuardHook', 'NaNGuardHook'),
])
def test_misspelt_type_is_named_with_the_nearest(good, place, name, nearest):
    good.merge_from_dict({place: name})
    with pytest.raises(ConfigError, match=f'there is no type "{name}"; nearest: "{nearest}"'):
        check_config(good)


def test_hooks_within_lists_are_checked(good):
    good.custom_hooks = [dict(type='SampleImagesHook', intervall=2)]
    with pytest.raises(ConfigError, match=r'custom_hooks\[0\]: .*nearest: "interval"'):
        check_config(good)


def test_variables_of_a_config_are_no_errors(good):
    good.merge_from_dict(dict(data_root='data/birds', nf=64, train_pipeline=[], model_wrapper_cfg=None))
    check_config(good)


def test_components_of_other_packages_are_not_judged(good):
    good.merge_from_dict(dict(other=dict(type='mmagic.StyleGANv2Generator', anything=1)))
    check_config(good)


class _Base(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()


class _Handing(_Base):
    def __init__(self, depth: int, **options) -> None:
        super().__init__(**options)


class _Using(nn.Module):
    def __init__(self, depth: int, **options) -> None:
        super().__init__()
        self.inner = _Base(**options)


@HOOKS.register_module()
class _OpenHook(Hook):
    def __init__(self, **options) -> None:
        self.options = options


def test_keywords_are_followed_to_the_base_class():
    assert arguments(_Handing) == {'depth', 'width'}


def test_what_takes_any_keyword_is_open(good):
    assert arguments(_Using) is None
    good.custom_hooks = [dict(type='_OpenHook', anything=1)]
    check_config(good)


# ------------------------------------------------------------------------- files
def write(folder, text: str, name: str = 'run.py') -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(('text', 'message'), [
    ('model = dict(', r'run.py: line 1: SyntaxError'),
    ('a = 1\nmodel = undefined', r'run.py: run.py, line 2: NameError: name .undefined'),
    ("_base_ = 'missing.py'", r'run.py: .*/missing.py, which it is based on, is missing. Correct _base_; paths there'),
    ("open('absent.txt')", r'run.py: run.py, line 1: FileNotFoundError: '),
    ("custom_imports = dict(imports=['no_such_package'])",
     'run.py: custom_imports: there is no module no_such_package. Install its package with pip, or put .* PYTHONPATH.'),
    ("custom_imports = dict(imports='json.nothing')", 'custom_imports: there is no module json.nothing. Install'),
    ("custom_imports = ['json']", r"run.py: custom_imports=\['json'\]: must be dict\(imports="),
    ("custom_imports = dict(import_=['json'])", r"run.py: custom_imports=.*: must be dict\(imports="),
    ("custom_imports = dict(imports=[3])", 'run.py: custom_imports: 3 fails .*TypeError: 3 is of type'),
])
def test_broken_config_is_one_line(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(write(tmp_path, text))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('content', 'message'), [
    ('a = 1\nimport no_such_package', 'broken_plugin.py, line 2: ModuleNotFoundError: .*no_such_package'),
    ('from json import nothing', 'broken_plugin.py, line 1: ImportError: cannot import name .nothing'),
    ('1 / 0', 'broken_plugin.py, line 1: ZeroDivisionError'),
    ('a = 1\nb = (', 'broken_plugin.py, line 2: SyntaxError'),
])
def test_custom_module_that_fails_inside_tells_its_own_error(tmp_path, monkeypatch, content, message):
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path, content, 'broken_plugin.py')
    config = write(tmp_path, "custom_imports = dict(imports=['broken_plugin'])")
    with pytest.raises(ConfigError, match=f'run.py: custom_imports: broken_plugin fails .*: {message}') as caught:
        load_config(config)
    assert '\n' not in str(caught.value)


def test_custom_module_that_may_fail_is_left_out(tmp_path):
    config = write(tmp_path, "custom_imports = dict(imports=['no_such_package'], allow_failed_imports=True)")
    with pytest.warns(UserWarning, match='no_such_package failed to import'):
        load_config(config)


@pytest.mark.parametrize(('name', 'place'), [('run.py', ''), ('base.py', '.*base.py, which it is based on: ')])
def test_config_that_may_not_be_read_is_named_with_the_remedy(tmp_path, monkeypatch, name, place):
    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied', str(tmp_path / name))

    config = write(tmp_path, '')
    monkeypatch.setattr('mmengine.config.Config._file2dict', refuse)
    monkeypatch.setattr(custom_imports, 'LIBRARIES', (*custom_imports.LIBRARIES, __file__))
    with pytest.raises(ConfigError, match=rf'run.py: {place}cannot be read \(Permission denied\). Check its perm'):
        load_config(config)


def test_error_in_a_base_names_that_file(tmp_path):
    write(tmp_path, 'b = 1\nc = d', 'base.py')
    with pytest.raises(ConfigError, match='run.py: base.py, line 2: NameError'):
        load_config(write(tmp_path, "_base_ = 'base.py'"))


def test_missing_config_is_named(tmp_path):
    with pytest.raises(ConfigError, match='nothing.py: the config is missing'):
        load_config(tmp_path / 'nothing.py')


@pytest.fixture
def dumped(good, tmp_path) -> Path:
    good.dump(tmp_path / 'run.py')
    return tmp_path / 'run.py'


def test_options_are_blamed_by_the_name_that_the_user_gave(dumped):
    for option, value in {'model.generator.chanels': 3, 'train_dataloader.batch_size': 'many'}.items():
        with pytest.raises(ConfigError, match=f'^--compare-options {option}'):
            load_config(dumped, {option: value}, '--compare-options')


def test_options_change_values(dumped):
    cfg = load_config(dumped, {'train_dataloader.batch_size': 2, 'custom_hooks.0.num_samples': 3,
                               'randomness.diff_rank_seed': True, 'find_unused_parameters': True})
    assert cfg.train_dataloader.batch_size == 2
    assert cfg.custom_hooks[0].num_samples == 3
    assert cfg.randomness.diff_rank_seed
    assert cfg.find_unused_parameters


@pytest.mark.parametrize(('option', 'message'), [
    ('train_dataloader.batch_sise', '--cfg-options train_dataloader.batch_sise: .*nearest: "batch_size"'),
    ('model.generator.base', 'TinyGenerator has no argument "base"'),
    ('modle.generator.channels', 'no such key "modle"; nearest: "model"'),
    ('optim_wrapper.disc.clip_grad', 'optim_wrapper: no such entry "disc"; nearest: "discriminator"'),
    ('my_variable', 'no such key "my_variable"'),
    ('custom_hooks.3.interval', r'custom_hooks is a list of 1, "3" is no index'),
    ('randomness.seed.value', 'randomness.seed is 100, it has no "value"'),
    ('default_hooks.checkpont.interval', 'default_hooks: no such key "checkpont"; nearest: "checkpoint"'),
    ('env_cfg.dist_cfg.backnd', 'nearest: "backend"'),
])
def test_option_that_names_nothing_is_refused(dumped, option, message):
    with pytest.raises(ConfigError, match=message):
        load_config(dumped, {option: 1})


def test_both_batch_sizes_are_refused(good, tmp_path):
    good.train_dataloader.pop('batch_size')
    good.train_dataloader.global_batch_size = 16
    good.dump(tmp_path / 'run.py')
    with pytest.raises(ConfigError, match='train_dataloader: batch_size=8 and global_batch_size=16 exclude') as caught:
        load_config(tmp_path / 'run.py', {'train_dataloader.batch_size': 8})
    assert 'Set global_batch_size' in str(caught.value)


def test_option_for_an_argument_that_the_config_left_out(dumped):
    assert load_config(dumped, {'model.generator.channels': 6}).model.generator.channels == 6


@pytest.mark.parametrize('path', sorted((ROOT / 'configs').glob('[!_]*/*.py')), ids=lambda path: path.stem)
def test_shipped_configs_pass(path):
    load_config(path)


@pytest.mark.parametrize(('option', 'value'), [
    ('train_cfg.max_iters', 0), ('train_cfg.val_interval', 1.5),
    ('train_dataloader.global_batch_size', -2)])
def test_counts_that_are_no_counts_are_refused(option, value):
    with pytest.raises(ConfigError, match=rf'{option}={value!r}: must be a whole number'):
        load_config('configs/ssagan/ssagan_toy.py', {option: value})


def test_weights_given_as_config_are_called_no_config():
    with pytest.raises(ConfigError, match=r'damsm_toy.pth: not a config'):
        load_config('checkpoints/damsm_toy.pth')


@pytest.mark.parametrize(('options', 'message'), [
    ({'optim_wrapper.generator.optimizer.lr': 'fast'}, r'optimizer.lr=fast: must be a number, such as the 0.0004'),
    ({'train_dataloader.num_workers': 'x'}, r'num_workers=x: must be a number'),
    ({'train_cfg.max_iters': 'abc'}, r'max_iters=abc: must be a number'),
    ({'model': 3}, r'--cfg-options model=3: is a part with the keys type, generator'),
    ({'damsm': 'my.pth'}, r'damsm is a variable of the config file'),
])
def test_values_of_another_kind_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        load_config('configs/ssagan/ssagan_toy.py', options)
