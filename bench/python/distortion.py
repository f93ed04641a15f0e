"""Rate-distortion curves of ResNet-20 the straightforward way: one whole forward pass for each layer and fraction.

Arguments: number of images (random uint8, NCHW, in memory), then the fractions. Says {"ready": threads}; then for each
line "contiguous" or "channels-last" on standard input measures every curve and says {"seconds": time, "points": count}.
"""
import json
import sys
import time

import torch

from networks import resnet_cifar

FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

images = torch.randint(0, 256, (int(sys.argv[1]), 3, 32, 32), dtype=torch.uint8)
fractions = [float(text) for text in sys.argv[2:]]
models = {name: resnet_cifar(20).eval().to(memory_format=memory) for name, memory in FORMATS.items()}


@torch.inference_mode()
def curves(name):
    model = models[name]
    x = ((images.float() / 255 - MEAN) / STD).contiguous(memory_format=FORMATS[name])
    logits = model(x)
    points = []
    for module in model.modules():
        if not isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            continue
        weight = module.weight.data
        dense = weight.clone()
        order = dense.abs().flatten().argsort()
        for fraction in fractions:
            kept = torch.ones(dense.numel())
            kept[order[: int(fraction * dense.numel())]] = 0
            weight.copy_(dense * kept.view_as(dense))
            change = ((model(x) - logits) ** 2).mean(1)
            points.append((change.mean().item(), change.max().item()))
        weight.copy_(dense)
    return points


def say(message):
    print(json.dumps(message), flush=True)


say({"ready": torch.get_num_threads()})
for line in sys.stdin:
    start = time.perf_counter()
    points = curves(line.strip())
    say({"seconds": time.perf_counter() - start, "points": len(points)})
