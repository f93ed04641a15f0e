"""Times training steps: forward, loss, backward, SGD with Nesterov momentum and weight decay, as fast as PyTorch has them.

Arguments: network, batch, "contiguous" or "channels-last", "f32" or "bf16" (autocast), "all" or "batchnorm" (all else is
frozen). Says {"ready": threads}; then for
each line, a number of steps, {"ms": milliseconds of each, "peakBytes": most memory so far, "ownBytes": memory that is not a
mapped file, where Linux tells}. Images are random uint8 in
memory; a step begins with them and ends with loss and number of right answers.
"""
import json
import re
import resource
import sys
import time

import torch
from torch.nn import functional as F

from networks import networks

name, batch, layout, precision, trainable = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]
memory = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}[layout]
model = networks[name]().train().to(memory_format=memory)
norms = {id(p) for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d) for p in m.parameters()}
for parameter in model.parameters():
    parameter.requires_grad_(trainable == "all" or id(parameter) in norms)
optimizer = torch.optim.SGD(
    [p for p in model.parameters() if p.requires_grad], lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
)
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
images = torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8)
labels = torch.randint(0, 10, (batch,))


def step():
    x = ((images.float() / 255 - mean) / std).contiguous(memory_format=memory)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item(), (logits.argmax(1) == labels).sum().item()


def own_memory():
    try:
        status = open("/proc/self/status").read()
        return {"ownBytes": int(re.search(r"^RssAnon:\s+(\d+)", status, re.M)[1]) * 1024}
    except OSError:
        return {}


def say(message):
    print(json.dumps(message), flush=True)


say({"ready": torch.get_num_threads()})
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    say({"ms": times, "peakBytes": peak, **own_memory()})
