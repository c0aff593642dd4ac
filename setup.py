"""Packaging of genzoo. Tool settings are in pyproject.toml."""
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """The requirement lines of ``requirements/<name>.txt``, comments left out."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line for line in (raw.split('#')[0].strip() for raw in lines) if line]


def version() -> str:
    """The version that ``genzoo/version.py`` states."""
    scope: dict = {}
    exec((ROOT / 'genzoo' / 'version.py').read_text(), scope)
    return scope['__version__']


setup(
    name='genzoo',
    version=version(),
    description='Eight CVPR 2022 papers on generation, as plugins of one toolbox',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['genzoo', 'genzoo.*']),
    install_requires=requirements('runtime'),
    extras_require={'dev': requirements('dev'), 'docs': requirements('docs')},
)
