# All translated images of the test set against all real ones of the target domain, both at the size that the test
# pipeline gives them and of 8 bits: Inception-v3 of published FID, k = 95, SWD times 1000, as MoNCE's release judges.
# It differs in one thing: translated images are cut off to 8 bits as there, but real ones are what the pipeline gave;
# the release scales them to [-1, 1] and back and cuts them off, too, by which 63 of the 256 values end one lower.
# The release's FID script tries many epochs, and published numbers are presumably of the best.
inception = dict(type='InceptionV3Features', weights='fid')
test_evaluator = [
    dict(type='FID', network=inception),
    dict(type='KID', network=inception, num_subsets=100, max_subset_size=1000),
    dict(type='DensityCoverage', network=inception, nearest_k=95),
    dict(type='SlicedWassersteinDistance'),
]
