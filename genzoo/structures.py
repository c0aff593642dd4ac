"""What a model predicts for one item, and what metrics and visualisers consume."""
from mmengine.structures import BaseDataElement


class DataSample(BaseDataElement):
    """One item: its meta data, its inputs and what a model made of it.

    A bag of named fields, as in mmengine. Names in use:

    * ``key`` (str): the item's name in its data set; ``img_path`` (str): its file;
    * ``gt_key`` (str): that of the real image, where it shows something else (unpaired translation);
    * ``caption`` (str), ``caption_index`` (int);
    * ``fake_img``: a generated image, (3, H, W) uint8, RGB;
    * ``gt_img``: the real image, (3, H, W) uint8, RGB;
    * ``label``: a label map, (L, H, W);
    * ``mask``: of an image of the unpaired toy, (H, W) bool, where its shapes are;
    * ``masks``: list of (1, h, w) float masks in (0, 1).
    """
