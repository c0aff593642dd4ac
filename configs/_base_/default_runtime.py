# What all runs share; a paper's config overrides single entries by name.
default_scope = 'genzoo'
runner_type = 'SafeRunner'

default_hooks = dict(
    dataset_check=dict(type='DatasetCheckHook'),
    iteration_seed=dict(type='IterationSeedHook'),
    timer=dict(type='IterTimerHook'),
    progress_bar=dict(type='ProgressBarHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    nan_guard=dict(type='NaNGuardHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='ZooCheckpointHook', interval=5000, max_keep_ckpts=3),
    graceful_stop=dict(type='GracefulStopHook'),
    due_validation=dict(type='DueValidationHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl', timeout=1800))

visualizer = dict(
    type='Visualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'

load_from = None
resume = False
