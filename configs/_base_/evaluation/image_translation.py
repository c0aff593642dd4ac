# All translated images of the test set against all real ones of the target domain, both at the size that the test
# pipeline gives them and cut off to 8 bits, as MoNCE's release judges: Inception-v3 of published FID, k = 95, SWD
# times 1000. The release's FID script tries many epochs, and published numbers are presumably of the best.
inception = dict(type='InceptionV3Features', weights='fid')
test_evaluator = [
    dict(type='FID', network=inception),
    dict(type='KID', network=inception, num_subsets=100, max_subset_size=1000),
    dict(type='DensityCoverage', network=inception, nearest_k=95),
    dict(type='SlicedWassersteinDistance'),
]
