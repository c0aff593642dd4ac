"""The plug board: one child of each of mmengine's registries, scope ``genzoo``.

``locations`` makes a registry import its components when it is first asked for one.
All registries are direct children of mmengine's, so that ``mmagic.X`` works in a
genzoo config and ``genzoo.X`` in an mmagic config.
"""
from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import EVALUATOR as MMENGINE_EVALUATOR
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import INFERENCERS as MMENGINE_INFERENCERS
from mmengine.registry import LOG_PROCESSORS as MMENGINE_LOG_PROCESSORS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import OPTIMIZERS as MMENGINE_OPTIMIZERS
from mmengine.registry import PARAM_SCHEDULERS as MMENGINE_PARAM_SCHEDULERS
from mmengine.registry import RUNNER_CONSTRUCTORS as MMENGINE_RUNNER_CONSTRUCTORS
from mmengine.registry import RUNNERS as MMENGINE_RUNNERS
from mmengine.registry import STRATEGIES as MMENGINE_STRATEGIES
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISBACKENDS as MMENGINE_VISBACKENDS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry


def _child(parent: Registry, *locations: str) -> Registry:
    return Registry(parent.name, parent=parent, scope='genzoo', locations=list(locations))


RUNNERS = _child(MMENGINE_RUNNERS, 'genzoo.engine')
RUNNER_CONSTRUCTORS = _child(MMENGINE_RUNNER_CONSTRUCTORS, 'genzoo.engine')
LOOPS = _child(MMENGINE_LOOPS, 'genzoo.engine')
HOOKS = _child(MMENGINE_HOOKS, 'genzoo.engine')
STRATEGIES = _child(MMENGINE_STRATEGIES, 'genzoo.engine')
LOG_PROCESSORS = _child(MMENGINE_LOG_PROCESSORS, 'genzoo.engine')

OPTIMIZERS = _child(MMENGINE_OPTIMIZERS, 'genzoo.engine')
OPTIM_WRAPPERS = _child(MMENGINE_OPTIM_WRAPPERS, 'genzoo.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS, 'genzoo.engine')
PARAM_SCHEDULERS = _child(MMENGINE_PARAM_SCHEDULERS, 'genzoo.engine')

DATASETS = _child(MMENGINE_DATASETS, 'genzoo.datasets')
DATA_SAMPLERS = _child(MMENGINE_DATA_SAMPLERS, 'genzoo.datasets')
TRANSFORMS = _child(MMENGINE_TRANSFORMS, 'genzoo.datasets.transforms')
FUNCTIONS = _child(MMENGINE_FUNCTIONS, 'genzoo.datasets')

MODELS = _child(MMENGINE_MODELS, 'genzoo.models')
MODEL_WRAPPERS = _child(MMENGINE_MODEL_WRAPPERS, 'genzoo.engine')
WEIGHT_INITIALIZERS = _child(MMENGINE_WEIGHT_INITIALIZERS, 'genzoo.models')
TASK_UTILS = _child(MMENGINE_TASK_UTILS, 'genzoo.models')

EVALUATOR = _child(MMENGINE_EVALUATOR, 'genzoo.evaluation')
METRICS = _child(MMENGINE_METRICS, 'genzoo.evaluation')

VISUALIZERS = _child(MMENGINE_VISUALIZERS, 'genzoo.visualization')
VISBACKENDS = _child(MMENGINE_VISBACKENDS, 'genzoo.visualization')

INFERENCERS = _child(MMENGINE_INFERENCERS, 'genzoo.apis')
