"""Released files to genzoo checkpoints and back."""
from collections.abc import Sequence
from pathlib import Path

from ..converters import ssagan
from ..datasets import Vocabulary
from ..datasets.caption_files import CaptionData, read_caption_data, write_caption_data
from ..errors import ConfigError, WeightsError
from ..utils import open_checkpoint, open_model_checkpoint, refuse_existing, require_file, save_checkpoint
from .convert_monce import convert_monce, release_monce
from .released import parts_of, whole_part

OFFICIAL_NAMES = {
    'generator': 'netG.pth', 'discriminator': 'netD.pth', 'text_encoder': 'text_encoder.pth',
    'image_encoder': 'image_encoder.pth'
}


def convert_ssagan(inputs: Sequence[Path], output: Path, overwrite: bool = False) -> list[str]:
    """Puts released files of SSA-GAN and AttnGAN's encoders into one genzoo checkpoint.

    Args:
        inputs: any of netG, netD, text_encoder, image_encoder, told apart by their content, and a
            captions.pickle, whose vocabulary is taken along.
        output: the checkpoint.
        overwrite: whether it may exist.

    Returns:
        What was put in, a line each.

    Raises:
        ConfigError: nothing to convert, two files of one part, or the output exists.
        WeightsError, DataError: a file is missing, broken, unsafe, or none of these.
    """
    refuse_existing([output], overwrite)
    state, meta, report = {}, dict(paper='ssagan'), []
    for path in inputs:
        if path.suffix in ('.pickle', '.pkl'):
            words = read_caption_data(require_file(path, 'the vocabulary', 'Check the path.')).vocabulary.words
            meta['dataset_meta'] = dict(vocabulary=words)
            report.append(f'vocabulary of {len(words)} words from {path}')
            continue
        content = open_checkpoint(path)
        part, converted = whole_part(ssagan, content, path)
        if any(key.startswith(f'{part}.') for key in state):
            raise ConfigError(f'{path}: a second {part}. Give one file of each kind.')
        state |= {f'{part}.{key}': value for key, value in converted.items()}
        report.append(f'{part}{_facts(part, converted)}, {len(converted)} tensors, from {path}')
    _check(state, meta, inputs)
    if 'dataset_meta' not in meta and 'text_encoder.embedding.weight' in state:
        report.append('no vocabulary: add captions.pickle, or give it to tools/infer.py as --captions-pickle')
    save_checkpoint(dict(meta=meta, state_dict=state), output)
    return report


def _facts(part: str, state: dict) -> str:
    """What of a part's state a user needs to choose a config."""
    if part in ('generator', 'discriminator'):
        return f' (nf {ssagan.base_channels(part, state)})'
    return f' ({ssagan.vocab_size(state)} words)' if part == 'text_encoder' else ''


def _check(state: dict, meta: dict, inputs: Sequence[Path]) -> None:
    if not state:
        raise ConfigError(f'{", ".join(map(str, inputs)) or "nothing"}: no weights to convert. '
                          'Give netG_*.pth, text_encoder*.pth, ...')
    words = len(meta.get('dataset_meta', {}).get('vocabulary', ()))
    rows = len(state.get('text_encoder.embedding.weight', ()))
    if words and rows and words != rows:
        raise WeightsError(f'{", ".join(map(str, inputs))}: the vocabulary has {words} words, the text encoder {rows}: '
                           'they are of different data sets.')


def release_ssagan(checkpoint: Path, out_dir: Path, overwrite: bool = False) -> list[str]:
    """Writes the parts of a genzoo checkpoint as the released code reads them.

    Args:
        checkpoint: of SSA-GAN or DAMSM.
        out_dir: gets netG.pth, netD.pth, text_encoder.pth and image_encoder.pth, as far as the checkpoint
            holds them (the averaged generator, where there is one), and a captions.pickle that has the
            vocabulary and no captions.
        overwrite: whether they may exist.

    Returns:
        What was written, a line each.

    Raises:
        ConfigError: a file exists already.
        WeightsError: the checkpoint is missing, broken, unsafe, or holds none of the parts.
    """
    state, meta = open_model_checkpoint(checkpoint)
    parts = parts_of(state, OFFICIAL_NAMES)
    if not parts:
        raise WeightsError(f'{checkpoint}: holds no part of SSA-GAN.')
    words = (meta.get('dataset_meta') or {}).get('vocabulary')
    paths = {part: out_dir / OFFICIAL_NAMES[part] for part in parts}
    pickle = out_dir / 'captions.pickle'
    refuse_existing([*paths.values(), *([pickle] if words else [])], overwrite)
    for part, own in parts.items():
        save_checkpoint(ssagan.from_genzoo(part, own), paths[part])
    if words:
        write_caption_data(pickle, CaptionData([], [], Vocabulary(words)))
    return [f'{part} to {path}' for part, path in paths.items()] + ([f'vocabulary to {pickle}'] if words else [])


CONVERTERS = {'monce': (convert_monce, release_monce), 'ssagan': (convert_ssagan, release_ssagan)}
