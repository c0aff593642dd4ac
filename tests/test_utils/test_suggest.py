from genzoo.utils import nearest


def test_the_most_similar_name_is_found_whatever_its_case():
    assert nearest('r_precisoin', ['FID', 'RPrecision']) == 'RPrecision'


def test_of_no_names_none_is():
    assert nearest('a', []) == ''
