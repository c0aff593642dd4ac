"""Training skeletons and data preprocessors."""
from .adversarial import AdversarialModel
from .alternating import AlternatingModel, Update, unwrap
from .data_preprocessor import ZooDataPreprocessor, as_uint8_again, to_uint8
from .predictions import completed_samples
from .ranks import gather_rows, rank_rows

__all__ = [
    'AdversarialModel', 'AlternatingModel', 'Update', 'ZooDataPreprocessor', 'as_uint8_again', 'completed_samples',
    'gather_rows',
    'rank_rows', 'to_uint8', 'unwrap'
]
