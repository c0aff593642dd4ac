"""Entropic optimal transport between the patches of two images, and other weights of negatives."""
import torch
from torch import Tensor

from ...errors import ConfigError

WEIGHTINGS = ('hard', 'easy')


class _Sinkhorn(torch.autograd.Function):
    """The scaled kernel. Its gradient takes one matrix product for all iterations, not an outer product each.

    Vectors are rows: batched products of rows and matrices are many times faster on CPUs than of matrices and columns.
    """

    @staticmethod
    def forward(ctx, kernel: Tensor, num_iters: int, row_target: float) -> Tensor:
        us, vs = [], [kernel.new_ones(*kernel.shape[:-2], 1, kernel.shape[-1])]
        for _ in range(num_iters):
            us.append(row_target / (vs[-1] @ kernel.mT))
            vs.append(1 / (us[-1] @ kernel))
        ctx.row_target = row_target
        ctx.save_for_backward(kernel, torch.cat(us, -2), torch.cat(vs, -2))
        return us[-1].mT * kernel * vs[-1]

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        if torch.is_grad_enabled():  # once_differentiable alone is silent where only the features' gradient is taken
            raise ConfigError('sinkhorn: a gradient of its gradient (create_graph=True) is not there. Set '
                              'log_domain=True, which has one.')
        # A backward under autocast would take the products in half precision, where a kernel overflows.
        with torch.autocast(grad.device.type, enabled=False):
            return _sinkhorn_gradient(grad, *ctx.saved_tensors, ctx.row_target), None, None


def _sinkhorn_gradient(grad: Tensor, kernel: Tensor, us: Tensor, vs: Tensor, row_target: float) -> Tensor:
    """The kernel's gradient, from the plan's (..., R, C) and the vectors of all iterations, (..., T, R or C)."""
    u, v, product = us[..., -1:, :], vs[..., -1:, :], grad * kernel
    grad_u, grad_v = v @ product.mT, u @ product
    of_rows, of_columns = [], []  # gradients of K v and of K^T u, an iteration each, the last first
    for step in reversed(range(us.shape[-2])):
        of_columns.append(-grad_v * vs[..., step + 1:step + 2, :].square())
        grad_u = grad_u + of_columns[-1] @ kernel.mT
        of_rows.append(-grad_u * us[..., step:step + 1, :].square() / row_target)
        grad_v, grad_u = of_rows[-1] @ kernel, 0
    left = torch.cat([us, *reversed(of_rows)], -2)
    right = torch.cat([*reversed(of_columns), vs[..., :-1, :]], -2)
    return torch.addcmul(left.mT @ right, grad, u.mT * v)


def sinkhorn(kernel: Tensor, num_iters: int = 50, row_target: float | None = None) -> Tensor:
    r"""The plan :math:`\mathrm{diag}(u) K \mathrm{diag}(v)` after a fixed number of Sinkhorn's iterations.

    Each iteration scales the rows, then the columns: columns sum to 1 exactly, rows to ``row_target`` nearly.
    Differentiable once, through all iterations. MoNCE (Zhan et al., CVPR 2022).

    Args:
        kernel: :math:`K`, positive, (..., R, C).
        num_iters: iterations.
        row_target: what each row sums to; C / R by default.

    Returns:
        (..., R, C).
    """
    rows, columns = kernel.shape[-2:]
    return _Sinkhorn.apply(kernel, num_iters, columns / rows if row_target is None else row_target)


def log_sinkhorn(log_kernel: Tensor, num_iters: int = 50, row_target: float | None = None) -> Tensor:
    """The logarithm of :func:`sinkhorn`'s plan, stable where the kernel itself overflows.

    Args:
        log_kernel: (..., R, C).
        num_iters: iterations.
        row_target: what each row sums to; C / R by default.

    Returns:
        (..., R, C).
    """
    rows, columns = log_kernel.shape[-2:]
    target = log_kernel.new_tensor(columns / rows if row_target is None else row_target).log()
    log_v = log_kernel.new_zeros(*log_kernel.shape[:-2], 1, columns)
    for _ in range(num_iters):
        log_u = target - (log_kernel + log_v).logsumexp(-1, keepdim=True)
        log_v = -(log_kernel + log_u).logsumexp(-2, keepdim=True)
    return log_u + log_kernel + log_v


def _affinity(similarity: Tensor, weighting: str) -> Tensor:
    """What the plan follows: similar negatives get more mass if hard, less if easy."""
    if weighting not in WEIGHTINGS:
        raise ConfigError(f'weighting={weighting!r}: is none of {", ".join(WEIGHTINGS)}')
    return similarity if weighting == 'hard' else 1 - similarity


def fill_diagonal(values: Tensor, fill: float) -> Tensor:
    """A copy of (..., N, N) with ``fill`` on the diagonal."""
    diagonal = torch.eye(values.shape[-1], dtype=torch.bool, device=values.device)
    return values.masked_fill(diagonal, fill)


def transport_plan(similarity: Tensor, eps: float = 1.0, num_iters: int = 50, weighting: str = 'hard',
                   diag_fill: float = -10.0, log_domain: bool = False) -> Tensor:
    r"""The optimal transport plan over pairs of patches, their own pairs masked.

    .. math:: K = \exp(M / \epsilon), \quad M = S \text{ (hard) or } 1 - S \text{ (easy)}, \quad M_{ii} = -10

    MoNCE (Zhan et al., CVPR 2022).

    Args:
        similarity: :math:`S`, query i with key j, (..., N, N).
        eps: the entropy's weight (the paper's beta).
        num_iters: Sinkhorn's iterations.
        weighting: ``'hard'`` or ``'easy'``.
        diag_fill: :math:`M_{ii}`.
        log_domain: needed for eps below about 0.02.

    Returns:
        (..., N, N); rows and columns sum to 1.
    """
    scores = fill_diagonal(_affinity(similarity, weighting), diag_fill) / eps
    return log_sinkhorn(scores, num_iters).exp() if log_domain else sinkhorn(scores.exp(), num_iters)


def softmax_weights(similarity: Tensor, eps: float = 1.0, weighting: str = 'hard') -> Tensor:
    r"""Weights of negatives without transport: :math:`\exp(M_{ij} / \epsilon)`, normalised over :math:`j \ne i`.

    WeightNCE, the ablation of MoNCE (Zhan et al., CVPR 2022).

    Args:
        similarity: query i with key j, (..., N, N).
        eps: temperature (the paper's beta).
        weighting: ``'hard'`` or ``'easy'``.

    Returns:
        (..., N, N); rows sum to 1, the diagonal is 0.
    """
    return fill_diagonal(_affinity(similarity, weighting) / eps, -torch.inf).softmax(-1)


def optimal_transport_weights(q: Tensor, k: Tensor, eps: float = 1.0, num_iters: int = 50, weighting: str = 'hard',
                              diag_fill: float = -10.0, log_domain: bool = False) -> Tensor:
    """:func:`transport_plan` of features; the keys take no gradient.

    Args:
        q: normalised patch features of the generated image, (..., N, C).
        k: of the image that it is compared with, (..., N, C).
        eps, num_iters, weighting, diag_fill, log_domain: as there.

    Returns:
        (..., N, N), query i, key j.
    """
    return transport_plan(q @ k.detach().mT, eps, num_iters, weighting, diag_fill, log_domain)
