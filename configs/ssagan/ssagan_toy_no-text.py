# Ablation of the toy: no text reaches the generator.
_base_ = './ssagan_toy.py'

model = dict(generator=dict(with_text=False))
