"""How fast training, inference and data loading are on this machine."""
from .report import format_report
from .run import PARTS, BenchmarkOptions, benchmark

__all__ = ['PARTS', 'BenchmarkOptions', 'benchmark', 'format_report']
