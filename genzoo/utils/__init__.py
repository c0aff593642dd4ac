"""Files, checkpoints and pickles: the ground floor, which imports nothing of genzoo but errors."""
from .archives import Entry, Source
from .checkpoint import (
    checked_meta,
    load_state_dict,
    model_state,
    open_checkpoint,
    open_model_checkpoint,
    save_checkpoint,
)
from .files import (
    atomic_write,
    existing_parent,
    no_empty_folders,
    refuse_existing,
    remove_leftovers,
    require_file,
    require_folder,
    require_folder_to_fill,
    require_writable,
)
from .networks import load_for_prediction
from .numbers import require_positive, require_whole
from .suggest import nearest
from .unpickle import restricted_load
from .vocabulary_check import check_vocabulary

__all__ = [
    'Entry', 'Source', 'atomic_write', 'check_vocabulary', 'checked_meta', 'existing_parent', 'load_for_prediction',
    'load_state_dict', 'model_state', 'nearest', 'no_empty_folders', 'open_checkpoint', 'open_model_checkpoint',
    'refuse_existing', 'remove_leftovers', 'require_file', 'require_folder', 'require_folder_to_fill',
    'require_positive', 'require_whole', 'require_writable', 'restricted_load', 'save_checkpoint'
]
