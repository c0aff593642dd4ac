import torch

from genzoo.converters.common import add_batch_counters, segment_renamer, strip_prefix


def test_prefix_is_stripped_only_if_every_key_has_it():
    assert strip_prefix({'module.a': 1, 'module.module.b': 2}) == {'a': 1, 'module.b': 2}
    assert strip_prefix({'module.a': 1, 'b': 2}) == {'module.a': 1, 'b': 2}
    assert strip_prefix({}) == {}


def test_whole_segments_are_renamed_and_parts_of_them_are_not():
    rename = segment_renamer([(r'block(\d+)', r'blocks.\1'), ('c1', 'conv1'), (r'head\.fc', 'out')])
    assert rename('block12.c1.weight') == 'blocks.12.conv1.weight'
    assert rename('c1') == 'conv1'
    assert rename('myblock1.c11.c1x') == 'myblock1.c11.c1x'
    assert rename('head.fc.weight') == 'out.weight'
    assert rename('head.fc2.weight') == 'head.fc2.weight'


def test_counters_that_are_there_are_kept():
    state = add_batch_counters({'bn.running_var': torch.ones(2), 'bn.num_batches_tracked': torch.tensor(7),
                                'conv.weight': torch.ones(1)})
    assert state['bn.num_batches_tracked'] == 7
    assert len(state) == 3
