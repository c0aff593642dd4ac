"""Settings of the documentation; `python -m sphinx -W docs build/docs` builds it, without network or GPU."""
import pkgutil
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from genzoo.version import __version__  # noqa: E402

project = 'genzoo'
copyright = 'the genzoo authors, Apache-2.0'
version = release = __version__

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.autosummary', 'sphinx.ext.napoleon']
source_suffix = {'.md': 'markdown'}
exclude_patterns = ['images', 'static']
myst_heading_anchors = 3
myst_enable_extensions = ['attrs_inline']
smartquotes_action = 'D'  # dashes alone: error messages are looked for with the quotes that they have
highlight_language = 'none'  # a block says its language, or is a message or a list of files

html_theme = 'furo'
html_title = f'genzoo {__version__}'
html_static_path = ['static']
html_css_files = ['wide.css']

autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
autodoc_typehints = 'none'  # the signature has them
autodoc_typehints_format = 'short'
autosummary_generate = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = 'code'

nitpicky = True
# Names of other packages are not looked up: there is no network. What is genzoo's must exist.
nitpick_ignore_regex = [('py:.*', r'(?!genzoo\.).*')]

ZOO = ROOT / 'model_zoo.md'


def include_zoo(app, docname: str, source: list[str]) -> None:
    """Puts the generated table of the model zoo into its page; what it links to is not part of these pages."""
    if docname == 'model_zoo' and ZOO.is_file():
        table = ZOO.read_text().partition('\n')[2]
        source[0] += re.sub(r'\[([^\]]+)\]\((?!https?:)([^)]+)\)', _without_link, table)


def _without_link(link: re.Match) -> str:
    """The name of a config; of another link its words, and the page if it is one."""
    label, target = link.groups()
    if label == Path(target).stem:
        return f'`{label}`'
    return f'{label} (`{target}`)' if target.endswith('.md') else label


def keep_existing_name(app, env, node, contnode):
    """A name of genzoo that is not in the reference, but in the code, stays plain text; others are warned of."""
    target = node.get('reftarget', '')
    if node.get('refdomain') != 'py' or not target.startswith('genzoo.'):
        return None
    try:
        pkgutil.resolve_name(target)
    except (ImportError, AttributeError):
        return None
    return contnode


def setup(app) -> None:
    """Called by Sphinx."""
    app.connect('source-read', include_zoo)
    app.connect('missing-reference', keep_existing_name)
