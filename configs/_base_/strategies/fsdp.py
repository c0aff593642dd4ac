# Weights, gradients and the one optimiser's state are sharded over all processes. For runner_type='SafeFlexibleRunner'.
strategy = dict(
    type='SafeFSDPStrategy',
    model_wrapper=dict(
        sharding_strategy='FULL_SHARD',
        auto_wrap_policy=dict(type='torch.distributed.fsdp.wrap.size_based_auto_wrap_policy', min_num_params=1000000)))
