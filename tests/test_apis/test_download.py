import zipfile
from pathlib import Path

import pytest
import yaml

from genzoo.apis.convert import release_ssagan
from genzoo.apis.download import Plan, download, listing
from genzoo.apis.fetch import Patience
from genzoo.apis.zoo import REPOSITORY, read_zoo
from genzoo.errors import ConfigError, WeightsError
from genzoo.utils import open_model_checkpoint
from test_apis.web_server import Site, send, serving

SHIPPED = REPOSITORY / 'checkpoints' / 'ssagan_toy.pth'
ONEDRIVE = 'https://1drv.ms/u/s!At2?e=Tt'


@pytest.fixture(scope='module')
def released(tmp_path_factory):
    """The shipped toy as the released code would have published it."""
    folder = tmp_path_factory.mktemp('released')
    release_ssagan(SHIPPED, folder)
    return folder


@pytest.fixture(scope='module')
def archive(released, tmp_path_factory):
    """Its text encoder and vocabulary as one archive."""
    path = tmp_path_factory.mktemp('archive') / 'toy.zip'
    with zipfile.ZipFile(path, 'w') as opened:
        for name in ('text_encoder.pth', 'captions.pickle'):
            opened.write(released / name, f'toy/{name}')
    return path.read_bytes()


@pytest.fixture
def zoo_of(tmp_path):
    """A zoo with one model, ``toy``, of the given fields; its config is the toy's unless changed."""
    def zoo_of(config='', **fields):
        folder = tmp_path / 'repository'
        folder.mkdir(exist_ok=True)
        base = REPOSITORY / 'configs' / 'ssagan' / 'ssagan_toy.py'
        (folder / 'toy.py').write_text(f"_base_ = '{base}'\n{config}\n")
        model = {'Name': 'toy', 'In Collection': 'A', 'Config': 'toy.py', 'License': 'MIT',
                 'Next': 'python tools/test.py {config} {checkpoint}',
                 **{key.replace('_', ' '): value for key, value in fields.items()}}
        paper = {'Name': 'A', 'Paper': {'Title': 'A', 'URL': 'https://a.org'}}
        (folder / 'metafile.yml').write_text(yaml.safe_dump({'Collections': [paper], 'Models': [model]}))
        (folder / 'model-index.yml').write_text('Import: metafile.yml')
        return read_zoo(folder / 'model-index.yml')
    return zoo_of


def run(zoo, tmp_path, name='toy', **options):
    """Whether the checkpoint is there, and what was said."""
    said = []
    plan = Plan(tmp_path / 'root', progress=False, patience=Patience(2, 0., 5.), **options)
    return download(zoo, name, plan, said.append), said


def two_places(address):
    """Sources of a released model: one by hand, one archive from the web."""
    return dict(Weights=ONEDRIVE, Converter='ssagan', Sources=[
        {'URL': ONEDRIVE, 'Save As': 'released/toy/netG_*.pth', 'Note': 'the folder could not be seen'},
        {'URL': f'{address}/toy.zip', 'Save As': 'DAMSM/toy.zip', 'Members': ['text_encoder.pth', 'captions.pickle'],
         'Extract To': 'DAMSM/toy'}])


def put_generator(tmp_path, released, name='netG_500.pth'):
    folder = tmp_path / 'root' / 'released' / 'toy'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes((released / 'netG.pth').read_bytes())


def test_onedrive_is_explained_before_anything_is_fetched(zoo_of, tmp_path):
    done, said = run(zoo_of(**two_places('http://127.0.0.1:1')), tmp_path)
    assert not done
    assert ONEDRIVE in said[0]
    assert said[1] == f'  Open it in a browser and put netG_*.pth into {tmp_path}/root/released/toy/'
    assert said[2] == '  the folder could not be seen'
    assert 'give the same command again' in said[3]
    assert not (tmp_path / 'root').exists()


def test_released_files_of_several_places_become_one_checkpoint(zoo_of, tmp_path, released, archive):
    put_generator(tmp_path, released)
    site = Site(lambda site, handler: send(handler, archive))
    with serving(site) as address:
        zoo = zoo_of(**two_places(address))
        done, said = run(zoo, tmp_path)
        again, said_again = run(zoo, tmp_path)
    target = tmp_path / 'root' / 'checkpoints' / 'toy.pth'
    assert (done, again) == (True, True)
    assert len(site.requests) == 1
    assert said_again[0] == f'{target}: there already, so nothing was fetched; it fits toy.py'
    assert [path.name for path in target.parent.iterdir()] == ['toy.pth']
    state, meta = open_model_checkpoint(target)
    assert {key.split('.')[0] for key in state} == {'generator', 'text_encoder'}
    assert len(meta['dataset_meta']['vocabulary']) == 18
    assert f'{target}: converted; it fits toy.py' in said
    assert said[-2] == 'licence: MIT'
    assert said[-1].startswith('next: python tools/test.py ')
    assert said[-1].endswith(f'toy.py {target}')


def test_files_of_another_model_get_no_checkpoint(zoo_of, tmp_path, released, archive):
    put_generator(tmp_path, released)
    with serving(Site(lambda site, handler: send(handler, archive))) as address:
        zoo = zoo_of('model = dict(generator=dict(base_channels=8))', **two_places(address))
        with pytest.raises(WeightsError, match='does not fit .* It should fit toy.py. The released files are those of'):
            run(zoo, tmp_path)
    assert list((tmp_path / 'root' / 'checkpoints').iterdir()) == []


def test_two_files_for_one_pattern_are_refused(zoo_of, tmp_path, released):
    put_generator(tmp_path, released)
    put_generator(tmp_path, released, 'netG_550.pth')
    with pytest.raises(ConfigError, match=r'2 files are there \(netG_500.pth, netG_550.pth\). Leave the one'):
        run(zoo_of(**two_places('http://127.0.0.1:1')), tmp_path)


def test_checkpoint_that_does_not_fit_is_refused_and_replaced_if_wanted(zoo_of, tmp_path, released, archive):
    put_generator(tmp_path, released)
    target = tmp_path / 'root' / 'checkpoints' / 'toy.pth'
    target.parent.mkdir(parents=True)
    target.write_bytes(b'mine')
    with serving(Site(lambda site, handler: send(handler, archive))) as address:
        zoo = zoo_of(**two_places(address))
        with pytest.raises(WeightsError, match='toy.pth: .*--overwrite fetches and converts it again'):
            run(zoo, tmp_path)
        assert target.read_bytes() == b'mine'
        run(zoo, tmp_path, overwrite=True)
    assert open_model_checkpoint(target)[0]


def test_genzoo_checkpoint_from_the_web_is_only_verified(zoo_of, tmp_path):
    with serving(Site(lambda site, handler: send(handler, SHIPPED.read_bytes()))) as address:
        done, said = run(zoo_of(Weights=f'{address}/toy.pth'), tmp_path)
    assert done
    assert (tmp_path / 'root' / 'checkpoints' / 'toy.pth').read_bytes() == SHIPPED.read_bytes()


def test_model_without_weights_says_how_to_train_it(zoo_of, tmp_path):
    with pytest.raises(ConfigError, match='toy: has no weights. None yet. To train it: python tools/train.py .*toy.py'):
        run(zoo_of(Note='None yet.'), tmp_path)


@pytest.mark.parametrize('name', ['damsm_toy', 'ssagan_toy'])
def test_shipped_weights_are_verified_in_place_and_copied_to_another_root(name, tmp_path):
    zoo, said = read_zoo(), []
    assert download(zoo, name, Plan(REPOSITORY, progress=False), said.append)
    assert said[0].endswith(f'checkpoints/{name}.pth: there already, its SHA-256 is right')
    assert run(zoo, tmp_path, name)[0]
    assert (tmp_path / 'root' / 'checkpoints' / f'{name}.pth').stat().st_size > 10**6


@pytest.mark.parametrize('name', ['ssagan_cub', 'ssagan_coco_finetune-text'])
def test_released_ssagan_is_fetched_by_hand(name, tmp_path):
    done, said = run(read_zoo(), tmp_path, name)
    assert not done
    assert any('1drv.ms' in line for line in said)
    assert any(f'put netG_*.pth into {tmp_path}/root/checkpoints/released/{name}/' in line for line in said)


@pytest.mark.parametrize(('name', 'kept'), [
    ('ssagan_cub', {'checkpoints/ssagan_cub.pth', 'DAMSMencoders/bird/captions.pickle',
                    'DAMSMencoders/bird/text_encoder200.pth', 'DAMSMencoders/bird/image_encoder200.pth'}),
    ('damsm_coco', {'checkpoints/damsm_coco.pth', 'DAMSMencoders/coco/captions.pickle',
                    'DAMSMencoders/coco/text_encoder100.pth', 'DAMSMencoders/coco/image_encoder100.pth'})])
def test_files_get_to_where_the_configs_look_for_them(name, kept):
    entry = read_zoo().find(name)
    files = {str(path) for source in entry.sources for path in source.files(Path())} | {entry.checkpoint}
    assert files == kept


def test_list_has_a_line_for_each_entry():
    zoo = read_zoo()
    lines = list(listing(zoo))
    assert [line.split()[0] for line in lines] == [entry.name for entry in zoo.entries]
    assert any('shipped; Apache-2.0' in line for line in lines)
