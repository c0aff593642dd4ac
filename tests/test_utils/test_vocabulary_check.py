import pytest
import torch

from genzoo.errors import DataError
from genzoo.models.ssagan import DAMSMTextEncoder
from genzoo.utils import check_vocabulary


class TestVocabularyCheck:

    def test_other_words_of_the_same_number_are_refused(self):
        with pytest.raises(DataError, match="word 1 of its vocabulary is 'cat', .*'dog' there"):
            check_vocabulary(dict(vocabulary=['<end>', 'cat'], dataset_name='pets'), 2, ['<end>', 'dog'])

    def test_another_number_of_words_is_refused(self):
        with pytest.raises(DataError, match="'pets': its vocabulary has 2 words, the text encoder knows 3"):
            check_vocabulary(dict(vocabulary=['<end>', 'cat'], dataset_name='pets'), 3)

    def test_the_same_words_and_unknown_words_pass(self):
        check_vocabulary(dict(vocabulary=['<end>', 'cat']), 2, ['<end>', 'cat'])
        check_vocabulary(dict(vocabulary=['<end>', 'cat']), 2, None)
        check_vocabulary({}, 5)

    def test_encoder_remembers_the_words_of_a_genzoo_checkpoint(self, tmp_path):
        encoder = DAMSMTextEncoder(2, embed_dim=4, out_channels=4)
        torch.save(dict(meta=dict(dataset_meta=dict(vocabulary=['<end>', 'dog'])),
                        state_dict={f'text_encoder.{key}': value for key, value in encoder.state_dict().items()}),
                   tmp_path / 'damsm.pth')
        loaded = DAMSMTextEncoder(2, embed_dim=4, out_channels=4, pretrained=str(tmp_path / 'damsm.pth'))
        assert loaded.vocabulary == ['<end>', 'dog']
