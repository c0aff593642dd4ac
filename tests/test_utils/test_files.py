import pytest

from genzoo.errors import ConfigError, DataError
from genzoo.utils import atomic_write, refuse_existing, remove_leftovers, require_file, require_folder


class TestAtomicWrite:
    def test_new_content_stands_under_the_name_and_nothing_else(self, tmp_path):
        path = tmp_path / 'folder' / 'file.txt'
        with atomic_write(path, 'w', encoding='utf-8') as file:
            file.write('new')
        assert path.read_text() == 'new'
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize('error', [OSError(28, 'No space left'), KeyboardInterrupt(), ValueError()])
    def test_failure_leaves_what_stood_there(self, tmp_path, error):
        path = tmp_path / 'file.txt'
        path.write_text('old')

        def write():
            with atomic_write(path, 'w') as file:
                file.write('half of the n')
                raise error

        with pytest.raises(type(error)):
            write()
        assert path.read_text() == 'old'
        assert list(tmp_path.iterdir()) == [path]

    def test_old_content_stands_until_the_end(self, tmp_path):
        path = tmp_path / 'file.txt'
        path.write_text('old')
        with atomic_write(path, 'w') as file:
            file.write('new')
            file.flush()
            assert path.read_text() == 'old'
        assert path.read_text() == 'new'

    def test_folder_that_is_a_file_raises_what_the_system_says(self, tmp_path):
        (tmp_path / 'taken').write_text('')
        with pytest.raises(OSError, match='taken'), atomic_write(tmp_path / 'taken' / 'file.txt'):
            pass


class TestRequire:
    def test_what_is_there_comes_back_as_a_path(self, tmp_path, monkeypatch):
        (tmp_path / 'words.pickle').write_text('')
        assert require_file(str(tmp_path / 'words.pickle'), 'the vocabulary', '') == tmp_path / 'words.pickle'
        assert require_folder(tmp_path, 'the data set', '') == tmp_path
        monkeypatch.setenv('HOME', str(tmp_path))
        assert require_file('~/words.pickle', 'the vocabulary', '') == tmp_path / 'words.pickle'

    def test_what_is_missing_is_named_with_the_remedy(self, tmp_path):
        with pytest.raises(DataError, match='words.pickle: the vocabulary is missing. Run this.'):
            require_file(tmp_path / 'words.pickle', 'the vocabulary', 'Run this.')
        with pytest.raises(ConfigError, match='birds: the data set is missing. Fetch it.'):
            require_folder(tmp_path / 'birds', 'the data set', 'Fetch it.', ConfigError)

    def test_folder_is_no_file_and_file_no_folder(self, tmp_path):
        (tmp_path / 'file').write_text('')
        with pytest.raises(DataError, match='is a folder, but should be the vocabulary, a file'):
            require_file(tmp_path, 'the vocabulary', '')
        with pytest.raises(DataError, match='is missing'):
            require_folder(tmp_path / 'file', 'the data set', '')


class TestRefuseExisting:
    def test_first_file_that_is_there_is_named_with_the_remedy(self, tmp_path):
        paths = [tmp_path / name for name in 'abc']
        refuse_existing(paths, overwrite=False)
        for path in paths[1:]:
            path.write_text('')
        with pytest.raises(ConfigError, match=r'b \(and 1 more\): exists already\. Take another\.'):
            refuse_existing(paths, overwrite=False, remedy='Take another.')

    def test_what_may_be_replaced_is_not_refused(self, tmp_path):
        refuse_existing([tmp_path], overwrite=True)


def test_name_that_is_too_long_and_user_who_does_not_exist_are_missing_files():
    for path in ('x' * 300, '~nobody-of-this-name/a.pth'):
        with pytest.raises(DataError, match='is missing'):
            require_file(path, 'the file', 'Look.')


def test_leftovers_alone_are_removed(tmp_path):
    for name in ('.a.pth.12.tmp', '.hidden.tmp', 'a.tmp', '.a.pth.12.tmp.bak'):
        (tmp_path / name).write_text('')
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {'.hidden.tmp', 'a.tmp', '.a.pth.12.tmp.bak'}
