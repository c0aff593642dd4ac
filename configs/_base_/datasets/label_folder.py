# Label maps and images of your own, paired by name.
# To set: the four folders; label_nc, the number of classes; has_unknown=True where 255 stands for unknown.
_base_ = ['labelled_256.py']

dataset = dict(type='LabelFolderDataset', label_nc=13, has_unknown=False)
train_dataloader = dict(dataset=dict(
    **dataset, label_dir='data/my_labels/train_label', image_dir='data/my_labels/train_img'))
val_dataloader = dict(dataset=dict(
    **dataset, label_dir='data/my_labels/val_label', image_dir='data/my_labels/val_img'))
test_dataloader = val_dataloader
