"""Times torch.nn.utils.prune.global_unstructured on kernels of the given shapes.

Arguments: sparsity, repetitions, then shapes such as 64x3x7x7.
"""
import json
import resource
import statistics
import sys
import time

import torch
from torch.nn.utils import prune


def kernel(shape):
    module = torch.nn.Module()
    fan_in = torch.Size(shape[1:]).numel()
    module.weight = torch.nn.Parameter(torch.randn(shape) / fan_in**0.5)
    return module


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


torch.manual_seed(0)
sparsity, repetitions = float(sys.argv[1]), int(sys.argv[2])
shapes = [[int(size) for size in text.split("x")] for text in sys.argv[3:]]
modules = [kernel(shape) for shape in shapes]
seconds, before, after, zeros = [], peak_bytes(), 0, 0
for _ in range(repetitions):
    start = time.perf_counter()
    prune.global_unstructured(
        [(module, "weight") for module in modules], pruning_method=prune.L1Unstructured, amount=sparsity
    )
    seconds.append(time.perf_counter() - start)
    after = after or peak_bytes()
    zeros = sum(int((module.weight == 0).sum()) for module in modules)
    # Back to dense weights for the next repetition.
    for module in modules:
        original = module.weight_orig.detach().clone()
        prune.remove(module, "weight")
        module.weight = torch.nn.Parameter(original)
print(json.dumps({"seconds": statistics.median(seconds), "peakBytes": after - before, "zeros": zeros}))
