"""Metrics, one a file; all are mmengine metrics that compute from the gathered results of each sample."""
from .density_coverage import DensityCoverage, density_coverage
from .feature_metric import FeatureMetric
from .fid import FID, feature_statistics, frechet_distance
from .field_mean import FieldMean
from .inception_score import InceptionScore, inception_score
from .kid import KID, kernel_distance
from .lpips_diversity import LPIPSDiversity
from .patch_retrieval import PatchRetrieval
from .prd import PRD, max_f_beta, prd_curve
from .precision_recall import PrecisionRecall, precision_recall
from .psnr import PSNR
from .r_precision import RPrecision
from .save_images import ImageFolder, SaveImages, SaveTranslations
from .segmentation_accuracy import SegmentationAccuracy
from .shapes_attributes import ShapesAttributes, change_inside_foreground, relative_change
from .sliced_wasserstein import SlicedWassersteinDistance, laplacian_pyramid, sliced_wasserstein
from .ssim import SSIM
from .striped_classes import StripedClasses
from .translated_scenes import TranslatedScenes

__all__ = [
    'DensityCoverage', 'FID', 'FeatureMetric', 'FieldMean', 'ImageFolder', 'InceptionScore', 'KID', 'LPIPSDiversity',
    'PRD', 'PSNR', 'PatchRetrieval', 'PrecisionRecall', 'RPrecision', 'SSIM', 'SaveImages', 'SaveTranslations',
    'SegmentationAccuracy', 'ShapesAttributes', 'SlicedWassersteinDistance', 'StripedClasses', 'TranslatedScenes',
    'change_inside_foreground', 'density_coverage', 'feature_statistics', 'frechet_distance', 'inception_score',
    'kernel_distance', 'laplacian_pyramid', 'max_f_beta', 'prd_curve', 'precision_recall', 'relative_change',
    'sliced_wasserstein'
]
