import pytest
import torch

from genzoo.apis.convert_monce import convert_monce, release_monce
from genzoo.converters import monce, monce_paired
from genzoo.errors import ConfigError, WeightsError
from genzoo.registry import MODELS

UNPAIRED = dict(
    generator=dict(type='CUTResnetGenerator', base_channels=4, num_blocks=2),
    discriminator=dict(type='CUTPatchDiscriminator', base_channels=4, num_layers=3),
    patch_sampler=dict(type='PatchSampler', nc=8, in_channels=[3, 8, 16]))
PAIRED = dict(
    generator=dict(type='SPADEGenerator', label_channels=3, base_channels=4, crop_size=32),
    discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=3, base_channels=4))
ALL = [(monce, part, cfg) for part, cfg in UNPAIRED.items()] + [(monce_paired, part, cfg)
                                                                for part, cfg in PAIRED.items()]


@pytest.mark.parametrize(('half', 'part', 'cfg'), ALL)
def test_there_and_back_changes_nothing(half, part, cfg):
    state = MODELS.build(cfg).state_dict()
    back = half.to_genzoo(part, half.from_genzoo(part, state))
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_released_keys_are_those_that_the_papers_code_reads():
    net = MODELS.build(dict(type='CUTResnetGenerator', base_channels=4, num_blocks=9))
    released = monce.from_genzoo('generator', net.state_dict())
    convs = {f'model.{index}.{kind}' for index in (1, 4, 8, 22, 26, 30) for kind in ('weight', 'bias')}
    blocks = {f'model.{index}.conv_block.{conv}.{kind}' for index in range(12, 21) for conv in (1, 5)
              for kind in ('weight', 'bias')}
    assert released.keys() == convs | blocks | {f'model.{index}.filt' for index in (7, 11, 21, 25)}
    assert released['model.7.filt'].shape == (8, 1, 3, 3)
    assert released['model.21.filt'].shape == (16, 1, 4, 4)
    assert torch.equal(released['model.11.filt'][0], net.model[11].kernel[0])
    assert torch.equal(released['model.25.filt'][0], net.model[25].kernel[0])
    judge = MODELS.build(dict(type='CUTPatchDiscriminator', base_channels=4))
    released = monce.from_genzoo('discriminator', judge.state_dict())
    assert released.keys() == ({f'model.{index}.{kind}' for index in (0, 3, 7, 11, 14) for kind in ('weight', 'bias')}
                               | {f'model.{index}.filt' for index in (2, 6, 10)})
    assert [len(released[f'model.{index}.filt']) for index in (2, 6, 10)] == [4, 8, 16]
    assert 'mlp_2.2.bias' in monce.from_genzoo('patch_sampler', MODELS.build(UNPAIRED['patch_sampler']).state_dict())


@pytest.mark.parametrize('antialias', [True, False])
@pytest.mark.parametrize('up', [True, False])
def test_settings_are_read_off_the_shapes(antialias, up):
    cfg = dict(type='CUTResnetGenerator', in_channels=3, out_channels=3, base_channels=4, num_blocks=3,
               antialias_down=antialias, antialias_up=up)
    assert monce.component_of('generator', MODELS.build(cfg).state_dict()) == cfg
    judge = dict(type='CUTPatchDiscriminator', in_channels=3, base_channels=4, num_layers=2, antialias=antialias)
    assert monce.component_of('discriminator', MODELS.build(judge).state_dict()) == judge


def test_settings_of_the_paired_half_are_read_off_the_shapes():
    parts = {part: monce_paired.component_of(part, MODELS.build(cfg).state_dict()) for part, cfg in PAIRED.items()}
    assert parts['generator'] == dict(type='SPADEGenerator', label_channels=3, base_channels=4,
                                      num_upsampling_layers='normal')
    assert parts['discriminator'] == dict(type='SPADEMultiscaleDiscriminator', label_channels=3, base_channels=4,
                                          num_layers=4, num_scales=2)


@pytest.mark.parametrize(('half', 'cfgs'), [(monce, UNPAIRED), (monce_paired, PAIRED)])
def test_files_of_a_run_become_one_checkpoint_and_files_again(tmp_path, half, cfgs):
    files = []
    for part, cfg in cfgs.items():
        state = half.from_genzoo(part, MODELS.build(cfg).state_dict())
        files.append(tmp_path / f'{part}.pth')
        torch.save({f'module.{key}': value for key, value in state.items()}, files[-1])
    report = convert_monce(files, tmp_path / 'out.pth')
    assert [line.split(',')[0] for line in report] == list(cfgs)
    release_monce(tmp_path / 'out.pth', tmp_path / 'released')
    for part, file in zip(cfgs, files):
        letter = dict(generator='G', discriminator='D', patch_sampler='F')[part]
        again = torch.load(tmp_path / f'released/latest_net_{letter}.pth', weights_only=True)
        first = torch.load(file, weights_only=True)
        assert all(torch.equal(again[key], first[f'module.{key}']) for key in again)
    with pytest.raises(ConfigError, match='a second generator'):
        convert_monce([files[0], files[0]], tmp_path / 'twice.pth')
    with pytest.raises(ConfigError, match='exists'):
        convert_monce(files, tmp_path / 'out.pth')


def test_foreign_and_incomplete_files_are_refused(tmp_path):
    torch.save({'a.weight': torch.ones(1)}, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match='none of MoNCE\'s released files .* a.weight'):
        convert_monce([tmp_path / 'a.pth'], tmp_path / 'out.pth')
    state = MODELS.build(UNPAIRED['generator']).state_dict()
    del state['model.15.bias']
    torch.save(dict(state), tmp_path / 'G.pth')
    with pytest.raises(WeightsError, match='G.pth: not a whole generator'):
        convert_monce([tmp_path / 'G.pth'], tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()
