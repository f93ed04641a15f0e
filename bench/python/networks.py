"""The networks of the benchmarks, for images of 32x32 and 10 classes."""
from torch import nn
from torch.nn import functional as F


class Shortcut(nn.Module):
    """Option A: every second pixel, and channels of zeros on both sides."""

    def __init__(self, stride, extra):
        super().__init__()
        self.stride, self.extra = stride, extra

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut, self.halves = shortcut, stride > 1
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += self.shortcut(x)
        return self.relu(y)


def conv_norm(inputs, outputs, kernel=3, stride=1, groups=1):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


def relu():
    return nn.ReLU(inplace=True)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def resnet_cifar(depth):
    blocks = (depth - 2) // 6
    layers, inputs = [*conv_norm(3, 16), relu()], 16
    for outputs, stride in [(16, 1)] * blocks + [(32, 2)] + [(32, 1)] * (blocks - 1) + [(64, 2)] + [(64, 1)] * (blocks - 1):
        shortcut = nn.Identity() if stride == 1 else Shortcut(2, (outputs - inputs) // 2)
        layers.append(Block(inputs, outputs, stride, shortcut))
        inputs = outputs
    return nn.Sequential(*layers, Mean(), nn.Linear(inputs, 10))


def resnet18():
    """The stem for CIFAR; shortcuts of option B."""
    layers, inputs = [*conv_norm(3, 64), relu()], 64
    for outputs, stride in [(64, 1)] * 2 + [(128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
        isIdentity = stride == 1 and inputs == outputs
        shortcut = nn.Identity() if isIdentity else nn.Sequential(*conv_norm(inputs, outputs, 1, stride))
        layers.append(Block(inputs, outputs, stride, shortcut))
        inputs = outputs
    return nn.Sequential(*layers, Mean(), nn.Linear(inputs, 10))


def mobilenet_v1():
    """The stem for CIFAR, which does not halve the image."""
    layers, inputs = [*conv_norm(3, 32), relu()], 32
    wide = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for outputs, stride in wide:
        layers += [*conv_norm(inputs, inputs, 3, stride, inputs), relu(), *conv_norm(inputs, outputs, 1), relu()]
        inputs = outputs
    return nn.Sequential(*layers, Mean(), nn.Linear(inputs, 10))


networks = {"resnet20-a": lambda: resnet_cifar(20), "resnet18-cifar": resnet18, "mobilenet-v1-cifar": mobilenet_v1}
