import enum
from collections import OrderedDict, deque
from pathlib import Path

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MessageHub

from genzoo.engine.plain_data import KEPT_HISTORY, pack_message_hub, plain_data, unpack_message_hub


def test_what_has_no_plain_form_is_left_out():
    class Number(enum.IntEnum):
        ONE = 1

    value = OrderedDict(path=Path('a'), number=np.float32(0.5), array=np.arange(2), item=Number.ONE,
                        function=len, nested=ConfigDict(a=[1, object()], b=(True, None)))
    assert plain_data(value) == dict(path='a', number=0.5, array=[0, 1], item=1,
                                     nested=dict(a=[1], b=(True, None)))
    assert type(plain_data(value)['item']) is int
    assert plain_data(deque([1])) is None


def test_tensors_lose_their_graph():
    tensor = plain_data([torch.ones(1, requires_grad=True) * 2])[0]
    assert not tensor.requires_grad


def test_histories_come_back_with_their_end():
    hub = MessageHub('plain')
    for number in range(KEPT_HISTORY + 5):
        hub.update_scalar('train/loss', number)
    hub.update_info('best', np.float64(3))
    hub.update_info('handle', open)
    copy = MessageHub('copy')
    copy.load_state_dict(unpack_message_hub(pack_message_hub(hub.state_dict())))
    assert len(copy.get_scalar('train/loss').data[0]) == KEPT_HISTORY
    assert copy.get_scalar('train/loss').current() == KEPT_HISTORY + 4
    assert copy.get_info('best') == 3
    assert copy.get_info('handle') is None
