"""Training skeletons and data preprocessors."""
from .adversarial import AdversarialModel
from .alternating import AlternatingModel, Update, unwrap
from .data_preprocessor import ZooDataPreprocessor
from .ranks import gather_rows, rank_rows

__all__ = [
    'AdversarialModel', 'AlternatingModel', 'Update', 'ZooDataPreprocessor', 'gather_rows', 'rank_rows', 'unwrap'
]
