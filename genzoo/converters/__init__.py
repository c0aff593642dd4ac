"""Released checkpoints to genzoo's and back, one file a paper; key names only, no modules."""
from . import ssagan

__all__ = ['ssagan']
