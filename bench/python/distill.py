"""Times steps of distillation, ResNet-20 teaching ResNet-8, as fast as PyTorch has them.

Arguments: "logit" or "feature", "contiguous" or "channels-last", batch. Speaks as step.py does.
"""
import json
import re
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from networks import Mean, resnet_cifar

kind, layout, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
memory = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}[layout]
ALPHA, TEMPERATURE, BETA = 0.7, 4.0, 0.5
student = resnet_cifar(8).train().to(memory_format=memory)
teacher = resnet_cifar(20).eval().to(memory_format=memory)
projections = nn.ModuleList(nn.Conv2d(width, width, 1, bias=False) for width in (16, 32, 64)).to(memory_format=memory)
trained = [*student.parameters(), *(projections.parameters() if kind == "feature" else [])]
optimizer = torch.optim.SGD(trained, lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True)
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
images = torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8)
labels = torch.randint(0, 10, (batch,))


def stages(model, x):
    """Outputs of the three stages, and the logits."""
    head = next(i for i, layer in enumerate(model) if isinstance(layer, Mean))
    features = []
    for i, layer in enumerate(model):
        if i == head or (i > 0 and getattr(layer, "halves", False)):
            features.append(x)
        x = layer(x)
    return features, x


def feature_loss(own, taught):
    squares, cosines = 0, 0
    for a, b, layer in zip(own, taught, projections):
        a = layer(a)
        squares = squares + F.mse_loss(a, b)
        cosines = cosines + (1 - F.cosine_similarity(a.mean((2, 3)), b.mean((2, 3)))).mean()
    return (squares + BETA * cosines) / len(own)


def step():
    x = ((images.float() / 255 - mean) / std).contiguous(memory_format=memory)
    with torch.no_grad():
        taught, target = stages(teacher, x)
    own, logits = stages(student, x)
    if kind == "logit":
        soft = F.softmax(target / TEMPERATURE, 1)
        loss = TEMPERATURE**2 * F.kl_div(F.log_softmax(logits / TEMPERATURE, 1), soft, reduction="batchmean")
    else:
        loss = feature_loss(own, taught)
    loss = ALPHA * loss + (1 - ALPHA) * F.cross_entropy(logits, labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(trained, 1.0)
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
