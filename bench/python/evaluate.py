"""Evaluates ResNet-20 (CIFAR, option A) in PyTorch, as fast as it goes without changing the network.

Argument: number of images (random uint8, NCHW, in memory). Says {"ready": threads}; then for each line
"contiguous BATCH" or "channels-last BATCH" on standard input scores all images once and says {"rate": images a second}.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.extra = stride, (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.extra:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2 + [(32, 64, 2)] + [(64, 64, 1)] * 2
        self.blocks = nn.Sequential(*(Block(*width) for width in widths))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(self.blocks(F.relu(self.bn1(self.conv1(x)))).mean((2, 3)))


FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

images = torch.randint(0, 256, (int(sys.argv[1]), 3, 32, 32), dtype=torch.uint8)
labels = torch.randint(0, 10, (len(images),))
models = {name: ResNet20().eval().to(memory_format=memory) for name, memory in FORMATS.items()}


@torch.inference_mode()
def evaluate(name, batch):
    loss, top1, top5 = 0.0, 0, 0
    for start in range(0, len(images), batch):
        pixels, target = images[start : start + batch], labels[start : start + batch]
        x = ((pixels.float() / 255 - MEAN) / STD).contiguous(memory_format=FORMATS[name])
        logits = models[name](x)
        loss += F.cross_entropy(logits, target, reduction="sum").item()
        right = logits.topk(5).indices == target[:, None]
        top1 += right[:, 0].sum().item()
        top5 += right.sum().item()
    return loss, top1, top5


def say(message):
    print(json.dumps(message), flush=True)


say({"ready": torch.get_num_threads()})
for line in sys.stdin:
    name, batch = line.split()
    start = time.perf_counter()
    evaluate(name, int(batch))
    say({"rate": len(images) / (time.perf_counter() - start)})
