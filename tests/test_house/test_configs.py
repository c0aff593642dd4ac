"""Every shipped config of a paper loads, is free of misspelt keys, and builds its model at full size."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from genzoo.apis.config import check_config, load_config
from genzoo.apis.model import without_weight_files
from genzoo.engine import NetworkOptimWrapperConstructor
from genzoo.errors import ConfigError
from genzoo.registry import METRICS, MODELS, PARAM_SCHEDULERS

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path for path in (ROOT / 'configs').glob('*/*.py') if path.parent.name != '_base_')
NAMES = [path.stem for path in CONFIGS]
SHARDED = ('damsm_cub_fsdp', 'damsm_cub_deepspeed')  # their strategies take one optimiser for the whole model
PAPERS_TABLE = dict(  # specification, sections 5.1 to 5.3
    ssagan_cub=dict(batch=24, iterations=600 * 368, words=5450, width=64, rates=(1e-4, 4e-4)),
    ssagan_coco=dict(batch=24, iterations=120 * 3449, words=27297, width=64, rates=(1e-4, 4e-4)),
    ssagan_cub_nf32=dict(batch=24, iterations=600 * 368, words=5450, width=32, rates=(1e-4, 4e-4)))


def built(path):
    """The model of a config, without memory for its numbers, and the config."""
    init_default_scope('genzoo')
    cfg = load_config(path)
    with torch.device('meta'):
        return MODELS.build(without_weight_files(cfg.model)), cfg


def test_every_config_that_the_paper_needs_is_there():
    assert {'ssagan_cub', 'ssagan_coco', 'ssagan_cub_nf32', 'ssagan_cub_finetune-text',
            'ssagan_coco_finetune-text', 'damsm_cub', 'damsm_coco', 'ssagan_toy', 'damsm_toy'} <= set(NAMES)


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_it_loads_without_a_misspelt_key(path):
    check_config(Config.fromfile(path))


@pytest.mark.parametrize('path', [path for path in CONFIGS if path.stem not in SHARDED], ids=lambda path: path.stem)
def test_its_model_builds_at_full_size_with_an_optimizer_for_each_network(path):
    model, cfg = built(path)
    wrappers = NetworkOptimWrapperConstructor(
        {key: value for key, value in cfg.optim_wrapper.items() if key != 'constructor'})(model)
    wanted = {name for update in model.updates for name in update.optimizers}
    assert wanted == set(wrappers.keys())
    owned = {id(parameter) for wrapper in wrappers.values() for group in wrapper.optimizer.param_groups
             for parameter in group['params']}
    assert owned == {id(parameter) for parameter in model.parameters() if parameter.requires_grad}


@pytest.mark.parametrize('name', SHARDED)
def test_a_sharded_model_builds_at_full_size_and_has_one_optimizer(name):
    model, cfg = built(ROOT / 'configs' / 'ssagan' / f'{name}.py')
    assert cfg.runner_type == 'SafeFlexibleRunner'
    assert {'type', 'optimizer'} == set(cfg.optim_wrapper)
    assert type(model).__name__ == 'DAMSM'


@pytest.mark.parametrize('name', PAPERS_TABLE)
def test_its_numbers_are_those_of_the_paper(name):
    table = PAPERS_TABLE[name]
    model, cfg = built(ROOT / 'configs' / 'ssagan' / f'{name}.py')
    assert cfg.train_dataloader.global_batch_size == table['batch']
    assert cfg.train_cfg.max_iters == table['iterations']
    assert model.text_encoder.vocab_size == table['words']
    assert model.generator.to_rgb[0].num_features == table['width']
    assert model.discriminator.conv_img.out_channels == table['width']
    optimizers = [cfg.optim_wrapper[network].optimizer for network in ('generator', 'discriminator')]
    assert tuple(optimizer.lr for optimizer in optimizers) == table['rates']
    assert all(tuple(optimizer.betas) == (0., .9) for optimizer in optimizers)
    assert (model.loss_gp.p, model.loss_gp.k, model.loss_damsm.loss_weight) == (6, 2., .05)


@pytest.mark.parametrize('data', ['cub', 'coco'])
def test_fine_tuning_recipe_has_its_own_numbers(data):
    model, cfg = built(ROOT / 'configs' / 'ssagan' / f'ssagan_{data}_finetune-text.py')
    assert model.loss_damsm.loss_weight == .1
    assert model.loss_encoders.loss_weight == 1.
    assert cfg.optim_wrapper.encoders.optimizer.lr == 4e-5
    assert model.frozen == ()


@pytest.mark.parametrize(('data', 'words'), [('cub', 18), ('coco', 15)])
def test_encoders_are_trained_by_attngans_numbers(data, words):
    model, cfg = built(ROOT / 'configs' / 'ssagan' / f'damsm_{data}.py')
    assert (model.loss.words.gamma1, model.loss.words.gamma2, model.loss.words.gamma3) == (4., 5., 10.)
    assert cfg.optim_wrapper.text_encoder.clip_grad.max_norm == .25
    assert 'clip_grad' not in cfg.optim_wrapper.image_encoder
    assert cfg.train_dataloader.global_batch_size == 48
    pipeline = {step.type: step for step in cfg.train_dataloader.dataset.pipeline}
    assert pipeline['PadOrSubsampleCaption'].max_words == words
    assert cfg.train_dataloader.dataset.get('max_words', 18) == words  # what checkpoints say
    assert (pipeline['ResizeShortSide'].size, pipeline['RandomCrop'].size) == (355, 299)


@pytest.mark.parametrize(('data', 'epoch'), [('cub', 184), ('coco', 1724)])
def test_learning_rate_of_the_encoders_falls_each_epoch_down_to_a_tenth(data, epoch):
    cfg = load_config(ROOT / 'configs' / 'ssagan' / f'damsm_{data}.py')
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 2e-3)
    settings = dict(cfg.param_scheduler[0])
    # One step stands for an epoch; the last of the schedule's iterations is the first of an epoch.
    assert (settings.pop('step_size'), settings.pop('end') % epoch) == (epoch, 1)
    end = cfg.param_scheduler[0].end // epoch + 1
    scheduler = PARAM_SCHEDULERS.build(dict(settings, step_size=1, end=end, optimizer=optimizer))
    expected = 2e-3
    for _ in range(150):
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected)
        optimizer.step()
        scheduler.step()
        expected *= .98 if expected > 2e-4 else 1
    assert cfg.custom_hooks[0].interval == epoch


def test_misspelt_key_of_a_shipped_config_is_named():
    cfg = Config.fromfile(ROOT / 'configs' / 'ssagan' / 'ssagan_cub.py')
    cfg.model.generator.base_chanels = 32
    with pytest.raises(ConfigError, match='model.generator: .*"base_chanels"; nearest: "base_channels"'):
        check_config(cfg)


def test_files_of_weights_are_left_out_everywhere():
    cfg = Config.fromfile(ROOT / 'configs' / 'ssagan' / 'ssagan_cub.py')
    assert 'pretrained' in str(cfg.model)
    assert 'pretrained' not in str(without_weight_files(cfg.model))


@pytest.mark.parametrize('fragment', ['generation_inception.py', 'image_translation.py'])
def test_metrics_of_the_shared_fragment_build_and_share_one_network(monkeypatch, fragment):
    pytest.importorskip('sklearn')
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'evaluation' / fragment)
    stub = MODELS.get('StubFeatures')
    monkeypatch.setitem(MODELS.module_dict, 'InceptionV3Features', lambda weights: stub())
    metrics = [METRICS.build(metric) for metric in cfg.test_evaluator]
    assert len({id(metric.network) for metric in metrics if hasattr(metric, 'network')}) == 1
