# DeepSpeed (pip install deepspeed) shards gradients and the one optimiser's state over all GPUs.
# For runner_type='SafeFlexibleRunner' and an optim_wrapper of type DeepSpeedOptimWrapper.
strategy = dict(
    type='DeepSpeedStrategy',
    zero_optimization=dict(
        stage=2, allgather_partitions=True, reduce_scatter=True, overlap_comm=True, contiguous_gradients=True))
