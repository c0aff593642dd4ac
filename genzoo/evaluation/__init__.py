"""Metrics, one a file; all are mmengine metrics that compute from the gathered results of each sample."""
from .fid import FID, feature_statistics, frechet_distance
from .field_mean import FieldMean
from .inception_score import InceptionScore, inception_score
from .lpips_diversity import LPIPSDiversity
from .r_precision import RPrecision
from .save_images import SaveImages
from .shapes_attributes import ShapesAttributes, change_inside_foreground, relative_change

__all__ = [
    'FID', 'FieldMean', 'InceptionScore', 'LPIPSDiversity', 'RPrecision', 'SaveImages',
    'ShapesAttributes', 'change_inside_foreground', 'feature_statistics', 'frechet_distance',
    'inception_score', 'relative_change'
]
