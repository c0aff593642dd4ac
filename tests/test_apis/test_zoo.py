import hashlib
from pathlib import Path

import pytest
import yaml

from genzoo.apis.zoo import MODEL_INDEX, REPOSITORY, check_zoo, read_zoo
from genzoo.apis.zoo_page import model_zoo_page
from genzoo.errors import ConfigError, GenzooError, WeightsError

SHIPPED_CONTENT = b'weights'
SHA256 = hashlib.sha256(SHIPPED_CONTENT).hexdigest()


@pytest.fixture(scope='module')
def zoo():
    return read_zoo()


def test_every_config_of_ssagan_has_a_row_and_shipped_weights_are_as_stated(zoo):
    check_zoo(zoo)
    assert {Path(entry.config) for entry in zoo.entries} >= {
        path.relative_to(REPOSITORY) for path in (REPOSITORY / 'configs' / 'ssagan').glob('*.py')}
    assert {entry.name for entry in zoo.entries if any(source.kind == 'shipped' for source in entry.sources)} == {
        path.stem for path in (REPOSITORY / 'checkpoints').glob('*_toy.pth')}


def test_page_is_up_to_date(zoo):
    written = (REPOSITORY / 'model_zoo.md').read_text(encoding='utf-8')
    assert written == model_zoo_page(zoo), 'stale: python tools/model_zoo.py writes it again'


def test_page_says_for_each_config_what_there_is_and_for_each_number_who_measured_it(zoo):
    lines = model_zoo_page(zoo).splitlines()
    for entry in zoo.entries:
        row = next(line for line in lines if line.startswith(f'| [{entry.name}]({entry.config}) |'))
        assert (f'tools/download.py {entry.name}`' in row) == bool(entry.sources)
        assert (entry.licence or '') in row
    results = [result for entry in zoo.entries for result in entry.results]
    assert sum(line.count('| the authors (reported) |') for line in lines) == 3
    assert all(any(result.protocol in line and result.measured_by in line for line in lines) for result in results)
    assert any('| IS 5.17 ± 0.08 |' in line for line in lines)


def test_names_are_those_of_the_configs(zoo):
    assert [entry.name for entry in zoo.entries] == [Path(entry.config).stem for entry in zoo.entries]


def test_metafile_is_in_the_format_that_mim_reads():
    metafile = yaml.safe_load((REPOSITORY / 'configs' / 'ssagan' / 'metafile.yml').read_text())
    names = {collection['Name'] for collection in metafile['Collections']}
    for model in metafile['Models']:
        assert model['In Collection'] in names
        assert isinstance(model.get('Weights', ''), str)
        assert all(set(result) >= {'Task', 'Dataset', 'Metrics'} for result in model.get('Results', []))
        assert all(not isinstance(value, dict) for value in model['Metadata'].values())


def test_unknown_name_gets_the_nearest(zoo):
    with pytest.raises(ConfigError, match='ssagan_cup: not in the model zoo. Nearest: ssagan_cub. .*--list'):
        zoo.find('ssagan_cup')


@pytest.fixture
def write(tmp_path):
    """Writes a zoo of one model, in which ``change`` may do harm, and returns its index."""
    def write(change=lambda metafile, model: None):
        model = {'Name': 'a_toy', 'In Collection': 'A', 'Config': 'configs/a/a_toy.py',
                 'Metadata': {'Training Data': 'toys'}, 'Weights': 'checkpoints/a_toy.pth', 'SHA256': SHA256,
                 'Size': len(SHIPPED_CONTENT), 'License': 'Apache-2.0', 'Results': [
                     {'Task': 'T', 'Dataset': 'D', 'Metrics': {'FID': 1}, 'Protocol': 'P', 'Measured By': 'us'}]}
        metafile = {'Collections': [{'Name': 'A', 'Paper': {'Title': 'A paper', 'URL': 'https://a.org'}}],
                    'Models': [model]}
        for name, content in (('configs/a/a_toy.py', b''), ('checkpoints/a_toy.pth', SHIPPED_CONTENT)):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        change(metafile, model)
        (tmp_path / 'configs' / 'a' / 'metafile.yml').write_text(yaml.safe_dump(metafile))
        index = tmp_path / 'model-index.yml'
        index.write_text('Import: [configs/a/metafile.yml]')
        return index
    return write


def test_small_zoo_is_right(write):
    zoo = read_zoo(write())
    check_zoo(zoo)
    assert zoo.find('a_toy').checkpoint == 'checkpoints/a_toy.pth'


def setting(**values):
    return lambda metafile, model: model.update({key.replace('_', ' '): value for key, value in values.items()})


def sources(**values):
    source = {'URL': 'https://a.org/a.pth', 'Save As': 'a.pth'}
    source |= {key.replace('_', ' '): value for key, value in values.items()}
    return setting(Weights='https://a.org/a.pth', Sources=[source])


@pytest.mark.parametrize(('change', 'match'), [
    (lambda metafile, model: metafile.update(Modells=[]), "metafile.yml: unknown key 'Modells'. Nearest: Models"),
    (lambda metafile, model: metafile.update(Models={'a': 1}), 'Models is dict, but should be a list'),
    (lambda metafile, model: metafile.update(Models=['a']), 'Models 1: should be a map'),
    (lambda metafile, model: metafile['Models'].append(model), r'Models 2 \(a_toy\): Name a_toy is there twice'),
    (lambda metafile, model: metafile.pop('Collections'), 'In Collection names A, which is no collection'),
    (lambda metafile, model: model.pop('License'), r'Models 1 \(a_toy\): License is missing'),
    (setting(Licence='MIT'), "unknown key 'Licence'. Nearest: License"),
    (setting(Name='../a'), "Name is '../a', but should be letters"),
    (setting(Config='configs/a/none.py'), 'Config configs/a/none.py does not exist'),
    (setting(Config='../a.py'), 'Config is .* relative path without'),
    (setting(Weights='/etc/passwd'), 'Weights is .* a path in the repository'),
    (setting(Weights=3), 'Weights is 3, but should be an address'),
    (setting(SHA256=None), 'SHA256 and Size are needed for weights in the repository'),
    (setting(SHA256=1234), 'SHA256 is 1234, but should be 64 hexadecimal digits'),
    (setting(Size=-1), 'Size is -1, but should be a positive whole number'),
    (setting(Size=True), 'Size is True'),
    (setting(Converter='sagan'), "Converter is 'sagan'; known: monce, ssagan"),
    (setting(Results=[{'Task': 'T'}]), 'Results 1: Dataset is missing'),
    (lambda metafile, model: model['Results'][0].update(Metrics={'FID': '5 or so'}), "Metrics FID is '5 or so'"),
    (lambda metafile, model: model['Results'][0].pop('Measured By'), 'Measured By is missing'),
    (lambda metafile, model: model['Results'][0].pop('Protocol'), 'Protocol is missing'),
    (setting(Next='python {x}'), 'Next: 1 is .* whose only fields are'),
    (sources(Save_As='a/../../b'), 'Sources 1: Save As is .* relative path without'),
    (sources(URL='ftp://a.org/a.pth'), "URL is 'ftp://a.org/a.pth', but should be an address"),
    (sources(Save_As='~/b'), 'Sources 1: Save As is .* relative path without'),
    (sources(Members=['../a']), 'Members: 1 is .* a file name without folders'),
    (sources(Members=['a']), 'Extract To is missing'),
    (setting(Sources=[{'URL': 'https://a.org/a', 'Save As': 'a'}]), 'Weights should be the URL of one of the Sources'),
])
def test_wrong_metafile_is_refused_with_the_place(write, change, match):
    with pytest.raises(ConfigError, match=match) as caught:
        read_zoo(write(change))
    assert 'metafile.yml' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'[', b'a: b: c', b'\xff\xfe\x00', b'- 1', b'Import: {a: 1}', b'Import: [1]',
                                     b'Import: 2001-99-99', b'!!python/object/apply:os.system [ls]', b'? [a]\n: b',
                                     b'&a [*a]', b'[' * 400, b'Import: [none.yml]', b'Import: [configs]'])
def test_what_is_no_index_is_refused_in_one_line(write, content):
    index = write()
    index.write_bytes(content)
    with pytest.raises(GenzooError, match=r'\.yml|configs') as caught:
        read_zoo(index)
    assert '\n' not in str(caught.value)


def test_missing_index_says_that_a_checkout_is_needed(tmp_path):
    with pytest.raises(ConfigError, match='model-index.yml: cannot be read .* checkout'):
        read_zoo(tmp_path / 'model-index.yml')


def test_shipped_file_that_is_missing_or_differs_is_named(write):
    index = write()
    path = index.parent / 'checkpoints' / 'a_toy.pth'
    path.write_bytes(b'weight5')
    with pytest.raises(WeightsError, match='a_toy.pth: differs from the model zoo: its SHA-256'):
        check_zoo(read_zoo(index))
    path.unlink()
    with pytest.raises(WeightsError, match='a_toy.pth: a shipped file of weights is missing'):
        check_zoo(read_zoo(index))


def test_wrong_size_of_a_shipped_file_is_named(write):
    with pytest.raises(WeightsError, match='it has 7 bytes, expected were 8'):
        check_zoo(read_zoo(write(setting(Size=8))))


def test_config_without_a_row_is_named(write):
    index = write()
    (index.parent / 'configs' / 'a' / 'a_new.py').touch()
    with pytest.raises(ConfigError, match='a_new.py: has no row in .*metafile.yml'):
        check_zoo(read_zoo(index))


def test_index_lies_where_mim_looks_for_it():
    assert MODEL_INDEX.name == 'model-index.yml'
    assert MODEL_INDEX.parent == REPOSITORY
