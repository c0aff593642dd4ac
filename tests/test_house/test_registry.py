import mmengine.registry
import pytest
from mmengine.registry import Registry

from genzoo import registry
from genzoo.registry import MODELS

OURS = {name: value for name, value in vars(registry).items()
        if isinstance(value, Registry) and not name.startswith('MMENGINE_')}


@pytest.mark.parametrize('name', OURS)
def test_each_is_a_direct_child_of_mmengines(name):
    ours, theirs = OURS[name], getattr(mmengine.registry, name)
    assert ours.parent is theirs
    assert ours.scope == 'genzoo'
    assert theirs.children['genzoo'] is ours
    assert ours.name == theirs.name


def test_none_of_mmengines_is_left_out():
    theirs = {name for name, value in vars(mmengine.registry).items() if isinstance(value, Registry)}
    assert theirs == set(OURS)


@pytest.mark.parametrize('name', OURS)
def test_each_knows_where_its_components_are(name):
    assert all(location.startswith('genzoo.') for location in OURS[name]._locations)
    assert OURS[name]._locations


def test_components_are_found_from_mmengines_scope_too():
    assert mmengine.registry.MODELS.get('genzoo.SSACNGenerator') is MODELS.get('SSACNGenerator')


@pytest.mark.parametrize(('registry_name', 'component'), [
    ('MODELS', 'SSAGAN'), ('MODELS', 'DAMSM'), ('MODELS', 'GANLoss'), ('MODELS', 'InceptionV3Features'),
    ('MODELS', 'ZooDataPreprocessor'), ('HOOKS', 'NaNGuardHook'), ('HOOKS', 'ResetOptimizerHook'),
    ('DATASETS', 'CaptionImageDataset'), ('DATASETS', 'UnpairedImageDataset'),
    ('DATASETS', 'CelebAMaskHQDataset'), ('TRANSFORMS', 'LoadGlasses'), ('LOOPS', 'EpochBasedTrainLoop'),
    ('HOOKS', 'LoadSizeSwitchHook'), ('DATASETS', 'ShapesCaptionDataset'),
    ('TRANSFORMS', 'LoadTextImage'), ('METRICS', 'RPrecision'), ('METRICS', 'FID'),
    ('METRICS', 'InceptionScore'), ('METRICS', 'SlicedWassersteinDistance'), ('MODELS', 'VGG16Embedding'),
    ('RUNNERS', 'SafeRunner'),
    ('OPTIM_WRAPPER_CONSTRUCTORS', 'NetworkOptimWrapperConstructor'), ('FUNCTIONS', 'zoo_collate')])
def test_components_register_themselves_when_asked_for(registry_name, component):
    found = OURS[registry_name].get(component)
    assert found is not None
    assert found.__module__.startswith('genzoo.')
