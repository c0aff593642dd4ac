"""The text and image encoders of DAMSM, whose embeddings of matching pairs agree."""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torchvision.models.inception import Inception3

from ...converters import ssagan as converter
from ...errors import ConfigError, WeightsError
from ...registry import MODELS
from ...utils import load_state_dict, open_checkpoint
from ..features import TRUNK, load_feature_weights

INIT_RANGE = 0.1
REGION_LAYERS = TRUNK[:TRUNK.index('Mixed_7a')]
CODE_LAYERS = TRUNK[len(REGION_LAYERS):]
DAMSM_REMEDY = ('The released encoders are linked on the project page of AttnGAN, see configs/ssagan/README.md; or '
                'train your own with configs/ssagan/damsm_cub.py or damsm_coco.py.')


def _load_part(module: nn.Module, part: str, path: str | Path) -> None:
    state = converter.part_of(open_checkpoint(path, remedy=DAMSM_REMEDY), part, path)
    load_state_dict(module, state, str(path), 'Give the file of this encoder and data set.')


@MODELS.register_module()
class DAMSMTextEncoder(nn.Module):
    """Bidirectional recurrent encoder of captions.

    AttnGAN (Xu et al., CVPR 2018), section 3.2.

    Args:
        vocab_size: words, ``<end>`` included; rows of the embedding.
        embed_dim: size of a word's embedding.
        out_channels: size of word and sentence vectors, both directions together.
        rnn_type: ``LSTM`` or ``GRU``.
        drop_prob: dropout on the embeddings.
        num_layers: of the recurrent network.
        pretrained: released ``text_encoder*.pth`` or a genzoo checkpoint with a text encoder.

    Raises:
        ConfigError: ``rnn_type`` is neither.
        WeightsError: ``pretrained`` is missing or does not fit.
    """

    def __init__(self, vocab_size: int, embed_dim: int = 300, out_channels: int = 256,
                 rnn_type: str = 'LSTM', drop_prob: float = 0.5, num_layers: int = 1,
                 pretrained: str | None = None) -> None:
        super().__init__()
        if rnn_type not in ('LSTM', 'GRU'):
            raise ConfigError(f'DAMSMTextEncoder: rnn_type {rnn_type!r} is neither LSTM nor GRU')
        self.vocab_size = vocab_size
        self.vocabulary: list[str] | None = None  # the words that `pretrained` was trained with, if it says
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        nn.init.uniform_(self.embedding.weight, -INIT_RANGE, INIT_RANGE)
        self.dropout = nn.Dropout(drop_prob)
        self.rnn = getattr(nn, rnn_type)(
            embed_dim, out_channels // 2, num_layers, batch_first=True, bidirectional=True,
            dropout=drop_prob if num_layers > 1 else 0.0)
        if pretrained:
            self._load(pretrained)

    def _load(self, path: str | Path) -> None:
        content = open_checkpoint(path, remedy=DAMSM_REMEDY)
        state = converter.part_of(content, 'text_encoder', path)
        words = converter.vocab_size(state)
        if words not in (None, self.vocab_size):
            raise WeightsError(f'{path}: knows {words} words, but vocab_size is {self.vocab_size}: an '
                               'encoder of another data set or vocabulary. Give the one that was trained with '
                               'this captions.pickle, or set vocab_size.')
        load_state_dict(self, state, str(path))
        self.vocabulary = converter.vocabulary_of(content)

    def forward(self, captions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            captions: word ids, (B, T) int64; what follows a caption's length is ignored.
            lengths: (B,) int64, at least 1; best on the CPU. In any order.

        Returns:
            Word vectors (B, out_channels, L), zero past each caption's length, L the longest of
            the batch; sentence vectors (B, out_channels).
        """
        embedded = self.dropout(self.embedding(captions))
        packed = pack_padded_sequence(embedded.float(), lengths.cpu(), batch_first=True, enforce_sorted=False)
        # Not under autocast: PyTorch's recurrent networks fail in bfloat16 on many CPUs.
        with torch.autocast(embedded.device.type, enabled=False):
            output, hidden = self.rnn(packed)
        words, _ = pad_packed_sequence(output, batch_first=True)
        if isinstance(hidden, tuple):
            hidden = hidden[0]
        return words.transpose(1, 2), torch.cat([hidden[-2], hidden[-1]], dim=1)


class InceptionTrunk(Inception3):
    """Inception-v3 up to the last block, returning the features on the way as well.

    Args:
        weights: ImageNet weights as torchvision publishes them; a path, or ``'cache'`` for torch
            hub's cache. None: to be loaded otherwise.
    """

    region_channels = 768
    code_channels = 2048

    def __init__(self, weights: str | None = None) -> None:
        super().__init__(aux_logits=False, transform_input=False, init_weights=weights is None)
        del self.fc, self.dropout
        if weights:
            state = load_feature_weights('inception_v3', None if weights == 'cache' else weights)
            state = {key: value for key, value in state.items() if not key.startswith(('fc.', 'AuxLogits.'))}
            load_state_dict(self, state, weights, 'Give torchvision\'s Inception-v3.')

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 299, 299) in [-1, 1] to regions (B, 768, 17, 17) and code (B, 2048)."""
        regions = self._through(REGION_LAYERS, x)
        return regions, self._through(CODE_LAYERS, regions).flatten(1)

    def _through(self, names: tuple[str, ...], x: Tensor) -> Tensor:
        for name in names:
            x = getattr(self, name)(x)
        return x


class TinyTrunk(nn.Module):
    """Three strided convolutions, for toy data: (B, 3, H, W) to regions (B, 64, H / 4, W / 4) and code (B, 128)."""

    region_channels = 64
    code_channels = 128

    def __init__(self) -> None:
        super().__init__()
        self.regions = nn.Sequential(*self._conv(3, 32), *self._conv(32, 64))
        self.code = nn.Sequential(*self._conv(64, 128))

    @staticmethod
    def _conv(before: int, after: int) -> tuple[nn.Module, ...]:
        return (nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2, inplace=True))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        regions = self.regions(x)
        return regions, self.code(regions).mean((2, 3))


@MODELS.register_module()
class DAMSMImageEncoder(nn.Module):
    """Region features and a code of an image, in the space of captions.

    AttnGAN (Xu et al., CVPR 2018), section 3.2.

    Args:
        out_channels: size of region and image vectors.
        trunk: ``inception_v3``, or ``tiny`` for toy data.
        trunk_weights: ImageNet weights of the Inception-v3 trunk, as torchvision publishes them;
            a path, or ``cache`` for torch hub's cache. To train DAMSM from scratch.
        pretrained: released ``image_encoder*.pth`` or a genzoo checkpoint with an image encoder.
        frozen_trunk: the trunk's weights take no gradients; its batch norms still follow
            train and eval mode.
        input_size: images are resized to this size first; None: left as they are.

    Raises:
        ConfigError: ``trunk`` is neither.
        WeightsError: a file is missing or does not fit.
    """

    def __init__(self, out_channels: int = 256, trunk: str = 'inception_v3', trunk_weights: str | None = None,
                 pretrained: str | None = None, frozen_trunk: bool = True,
                 input_size: int | None = 299) -> None:
        super().__init__()
        if trunk not in ('inception_v3', 'tiny'):
            raise ConfigError(f'DAMSMImageEncoder: trunk {trunk!r} is neither inception_v3 nor tiny')
        self.trunk = InceptionTrunk(trunk_weights) if trunk == 'inception_v3' else TinyTrunk()
        self.emb_features = nn.Conv2d(self.trunk.region_channels, out_channels, 1, bias=False)
        self.emb_cnn_code = nn.Linear(self.trunk.code_channels, out_channels)
        for head in (self.emb_features, self.emb_cnn_code):
            nn.init.uniform_(head.weight, -INIT_RANGE, INIT_RANGE)
        self.input_size = input_size
        if frozen_trunk:
            self.trunk.requires_grad_(False)
        if pretrained:
            _load_part(self, 'image_encoder', pretrained)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            images: (B, 3, H, W) in [-1, 1].

        Returns:
            Regions (B, out_channels, h, w), 17 x 17 for Inception-v3; codes (B, out_channels).
        """
        if self.input_size is not None:
            images = F.interpolate(images, size=(self.input_size, self.input_size), mode='bilinear',
                                   align_corners=False)
        regions, code = self.trunk(images)
        return self.emb_features(regions), self.emb_cnn_code(code)
