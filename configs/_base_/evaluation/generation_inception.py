# What generated images are judged by through the Inception-v3 of published FID: one pass an image for all of them.
# Published precision and recall take VGG-16 instead: network=dict(type='VGG16Embedding'), feature='fc2'.
inception = dict(type='InceptionV3Features', weights='fid')
test_evaluator = [
    dict(type='FID', network=inception),
    dict(type='KID', network=inception, num_subsets=100, max_subset_size=1000),
    dict(type='InceptionScore', network=inception, splits=10),
    dict(type='PrecisionRecall', network=inception, nhood_size=3),
    dict(type='DensityCoverage', network=inception, nearest_k=5),
    dict(type='PRD', network=inception, num_clusters=20, num_runs=10),
]
