"""Changed metafiles end in a GenzooError, or in a zoo."""
import copy

import yaml
from hypothesis import given
from hypothesis import strategies as st
from test_engine.tiny_gan import ROOT

from genzoo.apis.zoo import read_zoo

from .fuzzing import only_our_errors

WHOLE = yaml.safe_load((ROOT / 'configs/ssagan/metafile.yml').read_text())
JUNK = st.one_of(st.none(), st.integers(), st.booleans(), st.text(max_size=8), st.just([]), st.just({}), st.just([{}]))


@st.composite
def changed(draw):
    content = copy.deepcopy(WHOLE)
    node = content
    for _ in range(draw(st.integers(1, 5))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(node[key], (dict, list)) or draw(st.booleans()):
            node[key] = draw(JUNK)
            break
        node = node[key]
    return content


@given(content=changed())
def test_changed_metafile_is_read_or_refused(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp('zoo')
    (folder / 'metafile.yml').write_text(yaml.safe_dump(content))
    (folder / 'index.yml').write_text('Import:\n  - metafile.yml\n')
    with only_our_errors():
        read_zoo(folder / 'index.yml')
