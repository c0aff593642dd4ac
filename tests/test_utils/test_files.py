import pytest

from genzoo.errors import ConfigError, DataError
from genzoo.utils import (
    atomic_write,
    no_empty_folders,
    refuse_existing,
    remove_leftovers,
    require_file,
    require_folder,
    require_folder_to_fill,
    require_writable,
)


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

    def test_the_system_speaks_of_the_final_name(self, tmp_path, monkeypatch):
        def refuse(path, *_):
            raise PermissionError(13, 'Permission denied', str(path))

        monkeypatch.setattr('builtins.open', refuse)
        path = tmp_path / 'new' / 'a.json'
        with pytest.raises(PermissionError, match='Permission denied') as info, atomic_write(path):
            pass
        assert info.value.filename == str(path)
        assert list(tmp_path.iterdir()) == []

    def test_folder_of_that_name_is_named(self, tmp_path):
        with pytest.raises(IsADirectoryError) as info, atomic_write(tmp_path):
            pass
        assert str(info.value).endswith(f'{str(tmp_path)!r}')


class TestNoEmptyFolders:
    def make_and_fail(self, folder, *names):
        with no_empty_folders(folder):
            folder.mkdir(parents=True)
            for name in names:
                (folder / name).write_text('')
            raise KeyboardInterrupt

    def test_what_was_made_for_nothing_goes(self, tmp_path):
        with pytest.raises(KeyboardInterrupt):
            self.make_and_fail(tmp_path / 'a' / 'b')
        assert list(tmp_path.iterdir()) == []

    def test_what_is_filled_or_was_there_stays(self, tmp_path):
        (tmp_path / 'a').mkdir()
        for name in ('b', 'c'):
            with pytest.raises(KeyboardInterrupt):
                self.make_and_fail(tmp_path / 'a' / name, *(['file'] if name == 'c' else []))
        assert [path.name for path in (tmp_path / 'a').iterdir()] == ['c']


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
        with pytest.raises(DataError, match='file: is a file, but should be the data set, a folder. Look.'):
            require_folder(tmp_path / 'file', 'the data set', 'Look.')


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


def refuse_all(**_):
    raise PermissionError(13, 'Permission denied', '/hidden/temporary')


class TestRequireWritable:
    def test_what_can_be_written_leaves_no_trace(self, tmp_path):
        require_writable([tmp_path / 'a' / 'b.json', tmp_path / 'c.json'], overwrite=False)
        assert list(tmp_path.iterdir()) == []

    def test_existing_file_needs_the_flag(self, tmp_path):
        (tmp_path / 'a').write_text('')
        with pytest.raises(ConfigError, match='a: exists already. Choose another name or give --overwrite.'):
            require_writable([tmp_path / 'a'], overwrite=False)
        require_writable([tmp_path / 'a'], overwrite=True)

    def test_folder_is_no_file_to_write(self, tmp_path):
        with pytest.raises(ConfigError, match=f'{tmp_path}: is a folder, but should be a file'):
            require_writable([tmp_path], overwrite=True)

    @pytest.mark.parametrize('name', ['taken', 'taken/new/newer'])
    def test_file_in_the_place_of_a_folder_is_named(self, tmp_path, name):
        (tmp_path / 'taken').write_text('')
        with pytest.raises(ConfigError, match=f'{tmp_path}/taken: is a file, but should be a folder'):
            require_folder_to_fill(tmp_path / name)

    def test_what_the_system_refuses_is_named_as_given(self, tmp_path, monkeypatch):
        monkeypatch.setattr('tempfile.TemporaryFile', refuse_all)
        with pytest.raises(ConfigError, match=f'^{tmp_path}/new/a.json: cannot be written to .Permission denied'):
            require_writable([tmp_path / 'new' / 'a.json'], overwrite=False)


def test_name_that_is_too_long_and_user_who_does_not_exist_are_missing_files():
    for path in ('x' * 300, '~nobody-of-this-name/a.pth'):
        with pytest.raises(DataError, match='is missing'):
            require_file(path, 'the file', 'Look.')


def test_leftovers_alone_are_removed(tmp_path):
    for name in ('.a.pth.12.tmp', '.hidden.tmp', 'a.tmp', '.a.pth.12.tmp.bak'):
        (tmp_path / name).write_text('')
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {'.hidden.tmp', 'a.tmp', '.a.pth.12.tmp.bak'}
