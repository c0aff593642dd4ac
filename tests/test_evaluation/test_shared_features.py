import gc
import weakref

import pytest
import torch
from mmengine.evaluator import Evaluator

from genzoo.errors import WeightsError
from genzoo.evaluation import FID, InceptionScore
from genzoo.evaluation.shared_features import SharedNetwork, shared_network
from genzoo.registry import MODELS

NETWORK = dict(type='TestCountingFeatures')


@MODELS.register_module(name='TestDrawingFeatures', force=True)
class _DrawingFeatures(torch.nn.Linear):
    """Draws its weights from the global generator, as nearly every network does."""

    def __init__(self):
        super().__init__(2, 2)


@pytest.fixture
def network():
    return SharedNetwork(NETWORK)


def _images(count=3, value=10):
    return [torch.full((3, 2, 2), value + i, dtype=torch.uint8) for i in range(count)]


def test_equal_configs_share_a_network_and_others_do_not():
    first = shared_network(dict(type='TestCountingFeatures', name='a'))
    assert shared_network(dict(name='a', type='TestCountingFeatures')) is first
    assert shared_network(dict(type='TestCountingFeatures', name='b')) is not first


def test_a_network_is_freed_with_its_last_user():
    network = shared_network(dict(type='TestCountingFeatures', name='short'))
    module = network.network
    module.seen = 7
    del network, module
    gc.collect()
    assert shared_network(dict(type='TestCountingFeatures', name='short')).network.seen == 0


def test_two_metrics_send_a_batch_through_once(make_samples):
    evaluator = Evaluator([FID(NETWORK), InceptionScore(NETWORK, splits=1)])
    network = evaluator.metrics[0].network
    assert evaluator.metrics[1].network is network
    for words in ([1, 2, 3], [4, 5]):
        evaluator.process(make_samples(words, keys=[f'key{word}' for word in words], as_dict=False))
    assert network.network.seen == 10  # five fake and five real images
    assert evaluator.evaluate(5)['InceptionScore/num_fake'] == 5


def test_the_same_tensors_in_another_list_are_recognised(network):
    images = _images()
    first = network.on_images(images)
    assert network.on_images(list(images)) is first
    assert network.network.seen == 3


def test_equal_images_in_other_tensors_are_new(network):
    network.on_images(_images())
    network.on_images(_images())
    assert network.network.seen == 6


def test_a_changed_image_is_not_taken_for_the_old_one(network):
    images = _images()
    before = network.on_images(images)['pool3']
    images[1].fill_(200)
    after = network.on_images(images)['pool3']
    assert after[1, 0] == pytest.approx(200 / 127.5 - 1)
    assert torch.equal(before[0], after[0])


def test_a_part_of_a_batch_is_not_taken_for_the_batch(network):
    images = _images()
    network.on_images(images)
    assert network.on_images(images[:2])['pool3'].shape[0] == 2


def test_a_list_refilled_in_place_is_not_taken_for_the_old_one(network):
    images = _images()
    network.on_images(images)
    images[:] = _images(value=100)
    assert network.on_images(images)['pool3'][0, 0] == pytest.approx(100 / 127.5 - 1)


def test_new_tensors_at_freed_addresses_are_not_taken_for_old_ones(network):
    for value in range(20):
        features = network.on_images(_images(1, value))['pool3']
        assert features[0, 0] == pytest.approx(value / 127.5 - 1)


def test_the_memory_keeps_no_image_alive(network):
    images = _images()
    alive = weakref.ref(images[0])
    network.on_images(images)
    del images
    gc.collect()
    assert alive() is None


def test_inference_tensors_are_computed_anew(network):
    with torch.inference_mode():
        images = _images()
        network.on_images(images)
        images[0].fill_(200)
        assert network.on_images(images)['pool3'][0, 0] == pytest.approx(200 / 127.5 - 1)


def test_building_a_network_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    SharedNetwork(dict(type='TestDrawingFeatures'))
    assert torch.equal(before, torch.get_rng_state())


def test_missing_weights_stop_the_metric_before_any_image(tmp_path):
    with pytest.raises(WeightsError, match='nowhere.pth'):
        FID(dict(type='InceptionV3Features', path=str(tmp_path / 'nowhere.pth')))


def test_fid_and_inception_score_run_offline_on_the_stub(make_samples):
    stub = dict(type='StubFeatures', channels=4, num_classes=5)
    evaluator = Evaluator([dict(type='genzoo.FID', network=stub),
                           dict(type='genzoo.InceptionScore', network=stub, splits=2)])
    evaluator.process(make_samples(list(range(0, 200, 20)), as_dict=False))
    result = evaluator.evaluate(10)
    assert result['FID/fid'] == pytest.approx(0, abs=1e-6)  # fake and real images are equal
    assert result['InceptionScore/mean'] >= 1
