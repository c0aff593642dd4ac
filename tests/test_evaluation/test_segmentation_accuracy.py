import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.errors import DataError
from genzoo.evaluation import SegmentationAccuracy
from genzoo.evaluation.segmentation_accuracy import class_ious, class_recalls, confusion_matrix

CLASSES = 5


def random_maps(count=7, seed=0):
    """Samples whose predictions are right two times out of three; class 4 is never true, 255 is ignored."""
    rng = np.random.RandomState(seed)
    samples = []
    for number in range(count):
        true = rng.randint(4, size=(1, 6, 8))
        predicted = np.where(rng.rand(*true.shape) < 2 / 3, true, rng.randint(CLASSES, size=true.shape))
        true[rng.rand(*true.shape) < 0.1] = 255
        samples.append(dict(key=f'image{number}', pred_label=torch.from_numpy(predicted), label=torch.from_numpy(true)))
    return samples


def judge(samples, **args):
    metric = SegmentationAccuracy(CLASSES, **args)
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def flat(samples, field):
    return np.concatenate([sample[field].numpy().ravel() for sample in samples])


def test_it_agrees_with_scikit_learn():
    sklearn = pytest.importorskip('sklearn.metrics')
    samples = random_maps()
    true, predicted = flat(samples, 'label'), flat(samples, 'pred_label')
    counted = true != 255
    true, predicted = true[counted], predicted[counted]
    confusion = sklearn.confusion_matrix(true, predicted, labels=range(CLASSES))
    assert np.array_equal(confusion_matrix(predicted, true, CLASSES), confusion)
    result = judge(samples)
    assert result['pix_acc'] == pytest.approx(sklearn.accuracy_score(true, predicted))
    assert result['class_acc'] == pytest.approx(
        sklearn.recall_score(true, predicted, labels=range(4), average='macro'))
    assert result['mean_iou'] == pytest.approx(
        sklearn.jaccard_score(true, predicted, labels=range(CLASSES), average='macro'))


def test_a_class_that_is_nowhere_does_not_count_and_a_wrongly_predicted_one_does():
    confusion = np.array([[2, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert class_ious(confusion)[:2].tolist() == [2 / 3, 0]
    assert np.isnan(class_ious(confusion)[2])
    assert class_recalls(confusion)[0] == 2 / 3
    assert np.isnan(class_recalls(confusion)[1:]).all()


def test_ignored_pixels_count_nowhere_whatever_is_predicted_there():
    sample = dict(key='a', label=torch.tensor([[0, 255]]), pred_label=torch.tensor([[0, 77]]))
    assert judge([sample])['pix_acc'] == 1


def test_several_processes_give_the_numbers_of_one(run_on_ranks):
    samples = random_maps()
    assert run_on_ranks(lambda: SegmentationAccuracy(CLASSES), samples, 2) == judge(samples)


def test_folders_of_files_give_the_numbers_of_fields(tmp_path):
    samples = random_maps()
    for field in ('pred_label', 'label'):
        (tmp_path / field).mkdir()
        for sample in samples:
            image = Image.fromarray(sample[field][0].numpy().astype(np.uint8))
            image.save(tmp_path / field / f'{sample["key"]}.png')
    keys = [dict(key=sample['key']) for sample in samples]
    assert judge(keys, pred_dir=tmp_path / 'pred_label', gt_dir=tmp_path / 'label') == judge(samples)


def test_palette_files_are_read_by_index(tmp_path):
    image = Image.fromarray(np.array([[0, 3], [4, 1]], np.uint8), mode='L').convert('P')
    image.putpalette([value for index in range(256) for value in (255 - index, 9, 9)])
    image.save(tmp_path / 'a.png')
    sample = dict(key='a', label=torch.tensor([[0, 3], [4, 1]]))
    assert judge([sample], pred_dir=tmp_path)['pix_acc'] == 1


def test_without_a_pixel_that_counts_there_is_no_number():
    sample = dict(key='a', label=torch.tensor([[255]]), pred_label=torch.tensor([[0]]))
    assert np.isnan(judge([sample])['mean_iou'])


def test_what_does_not_fit_is_named(tmp_path):
    small = dict(key='a', label=torch.zeros(4, 4), pred_label=torch.zeros(2, 4))
    with pytest.raises(DataError, match=r"'a': the predicted label map is \(2, 4\), the true one \(4, 4\)"):
        judge([small])
    with pytest.raises(DataError, match="the true label map has the value 9, but num_classes=5"):
        judge([dict(key='a', label=torch.tensor([[9]]), pred_label=torch.tensor([[0]]))])
    with pytest.raises(DataError, match=r'b\.png: the predicted label map is missing'):
        judge([dict(key='b', label=torch.tensor([[0]]))], pred_dir=tmp_path)
    Image.new('RGB', (2, 2)).save(tmp_path / 'b.png')
    with pytest.raises(DataError, match=r'b\.png: has colours'):
        judge([dict(key='b', label=torch.tensor([[0]]))], pred_dir=tmp_path)
    with pytest.raises(DataError, match='the folder of true label maps is missing'):
        SegmentationAccuracy(CLASSES, gt_dir=tmp_path / 'nowhere')
    with pytest.raises(DataError, match="'c': it has no pred_label"):
        judge([dict(key='c', label=torch.tensor([[0]]))])


def test_without_a_segmentation_network_it_says_what_is_lacking():
    with pytest.raises(DataError, match="it has no pred_label. Run a segmentation network .* label maps, pred_dir"):
        judge([dict(key='a', label=torch.zeros(1, 2, 2))])
