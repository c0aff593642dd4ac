import pytest
import torch

from genzoo.apis.convert_monce import convert_monce, release_monce
from genzoo.errors import ConfigError, WeightsError
from genzoo.registry import MODELS
from genzoo.utils import load_for_prediction, open_checkpoint, save_checkpoint

CUT = dict(
    type='CUT', generator=dict(type='CUTResnetGenerator', base_channels=4, num_blocks=2),
    discriminator=dict(type='CUTPatchDiscriminator', base_channels=4, num_layers=2),
    patch_sampler=dict(type='PatchSampler', nc=8), loss_gan=dict(type='GANLoss', gan_type='lsgan'),
    loss_contrast=dict(type='MoNCELoss', num_patches=16), nce_layers=(0, 4, 8, 12), num_patches=16)


@pytest.fixture
def checkpoint(tmp_path):
    model = MODELS.build(CUT)
    save_checkpoint(dict(meta={}, state_dict=model.state_dict()), tmp_path / 'cut.pth')
    return tmp_path / 'cut.pth'


@pytest.fixture
def released(checkpoint, tmp_path):
    release_monce(checkpoint, tmp_path / 'released')
    return sorted((tmp_path / 'released').iterdir())


def test_released_and_converted_again_is_the_same(checkpoint, released, tmp_path):
    assert [path.name for path in released] == ['latest_net_D.pth', 'latest_net_F.pth', 'latest_net_G.pth']
    report = convert_monce(released, tmp_path / 'back.pth')
    assert any('generator (unpaired, base_channels 4, num_blocks 2, ' in line for line in report)
    before, after = (open_checkpoint(path)['state_dict'] for path in (checkpoint, tmp_path / 'back.pth'))
    before.pop('iteration')
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_state_dict_within_a_dict_is_converted_as_without(released, tmp_path):
    save_checkpoint(dict(epoch=3, state_dict=open_checkpoint(released[-1])), tmp_path / 'wrapped.pth')
    assert convert_monce([tmp_path / 'wrapped.pth'], tmp_path / 'own.pth')[0].startswith('generator (unpaired')


def test_a_generator_alone_translates(released, tmp_path):
    convert_monce([released[-1]], tmp_path / 'generator.pth')
    model = MODELS.build(CUT).eval()
    image = torch.rand(1, 3, 16, 16)
    before = model.translate(image)
    load_for_prediction(model, open_checkpoint(tmp_path / 'generator.pth')['state_dict'], 'generator.pth')
    assert not torch.equal(model.translate(image), before)


def test_the_averaged_generator_is_released(tmp_path):
    model = MODELS.build(dict(CUT, ema=dict(generator=dict(type='ExponentialMovingAverage', momentum=.1))))
    torch.nn.init.ones_(model.generator_ema.module.model[1].bias)
    save_checkpoint(dict(meta={}, state_dict=model.state_dict()), tmp_path / 'ema.pth')
    release_monce(tmp_path / 'ema.pth', tmp_path)
    assert open_checkpoint(tmp_path / 'latest_net_G.pth')['model.1.bias'].eq(1).all()


def test_nothing_is_written_where_one_file_exists_already(checkpoint, tmp_path):
    (tmp_path / 'latest_net_F.pth').write_bytes(b'mine')
    with pytest.raises(ConfigError, match='latest_net_F.pth'):
        release_monce(checkpoint, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['cut.pth', 'latest_net_F.pth']


@pytest.mark.parametrize(('change', 'message'), [
    (lambda state: state.pop('model.4.bias'), 'not a whole generator .*missing: model.4.bias'),
    (lambda state: state.pop('model.1.weight'), 'not a whole generator'),
    (lambda state: state.update(extra=torch.ones(1)), 'not a whole generator .*unknown: extra'),
    (lambda state: state.update({'model.4.bias': torch.ones(3)}), r'not a whole generator .*\(3,\) instead of \(8,\)'),
    (lambda state: state.update({'model.4.bias': 'text'}), 'not a whole generator, its model.4.bias is no tensor'),
])
def test_files_that_are_not_whole_are_refused(released, tmp_path, change, message):
    state = open_checkpoint(released[-1])
    change(state)
    torch.save(state, tmp_path / 'changed.pth')
    with pytest.raises(WeightsError, match=message):
        convert_monce([tmp_path / 'changed.pth'], tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()


def test_two_files_of_a_part_are_refused(released, tmp_path):
    with pytest.raises(ConfigError, match='a second generator'):
        convert_monce([released[-1], released[-1]], tmp_path / 'out.pth')


def test_files_of_the_two_systems_are_not_mixed(released, tmp_path):
    spade = MODELS.build(dict(type='SPADEGenerator', label_channels=3, base_channels=2, crop_size=32))
    save_checkpoint(dict(meta={}, state_dict={f'generator.{key}': value for key, value in spade.state_dict().items()}),
                    tmp_path / 'spade.pth')
    release_monce(tmp_path / 'spade.pth', tmp_path / 'spade')
    with pytest.raises(WeightsError, match='generator of the paired system, .*net_D.pth is of the other one'):
        convert_monce([released[0], tmp_path / 'spade' / 'latest_net_G.pth'], tmp_path / 'out.pth')
    assert convert_monce([tmp_path / 'spade' / 'latest_net_G.pth'], tmp_path / 'out.pth')


def test_a_checkpoint_of_another_paper_holds_no_part(tmp_path):
    save_checkpoint(dict(meta={}, state_dict={'text_encoder.weight': torch.ones(1)}), tmp_path / 'other.pth')
    with pytest.raises(WeightsError, match='holds no part of MoNCE'):
        release_monce(tmp_path / 'other.pth', tmp_path / 'out')
