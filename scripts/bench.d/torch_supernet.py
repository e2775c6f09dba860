#!/usr/bin/env python3
"""The other side of the search's benchmarks: path-level binarization with two paths, written plainly in PyTorch.

usage: torch_supernet.py [--step weight|architecture|mixture|mixed] [--threads N] [--steps N] [--batch N] [--nchw]
The work is configs/search/cifar.json's: 3x32x32, 8 searched blocks of widths 24, 40, 80 x 3, 3, 2, strides 1, 2, 2,
MBConv {3,5,7} x {3,6} and Zero where the shape is kept; batch 64. A weight step trains one sampled path (SGD, Nesterov);
an architecture step runs two paths of each block, the one that is not active without a graph, and turns the gates'
gradients into those of alpha (Adam, betas 0 and 0.999, then the shift that keeps the pair's mass). `mixed` is weight steps
with an architecture step after every fifth; `mixture` a weight step with all paths (DARTS).
Prints one JSON object: {"value": processor seconds a step, "peak_mib": above the loaded program, ...}.
"""
import argparse
import json
import random
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(i, o, k=1, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o, eps=1e-3)]
    return layers + [nn.ReLU6(inplace=True)] if act else layers


def mb_conv(i, o, kernel, expand, stride):
    mid = i * expand
    return nn.Sequential(*conv_bn(i, mid), *conv_bn(mid, mid, kernel, stride, mid), *conv_bn(mid, o, act=False))


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.shortcut = stride == 1 and i == o
        self.ops = nn.ModuleList(mb_conv(i, o, k, e, stride) for k in (3, 5, 7) for e in (3, 6))
        self.n = len(self.ops) + self.shortcut
        self.alpha = nn.Parameter(1e-3 * torch.randn(self.n))
        self.mode, self.path, self.pair, self.gates = "path", 0, None, None

    def op(self, j, x):
        return self.ops[j](x) if j < len(self.ops) else torch.zeros_like(x)

    def forward(self, x):
        if self.mode == "path":
            y = self.op(self.path, x)
        elif self.mode == "mixture":
            p = self.alpha.softmax(0)
            y = sum(p[j] * self.op(j, x) for j in range(self.n))
        else:
            active = self.path
            outputs = []
            for j in self.pair:
                if j == active:
                    outputs.append(self.op(j, x))
                else:
                    with torch.no_grad():
                        outputs.append(self.op(j, x))
            y = sum(self.gates[n] * output for n, output in enumerate(outputs))
        return y + x if self.shortcut else y


class Supernet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*conv_bn(3, 32, 3), *conv_bn(32, 32, 3, groups=32), *conv_bn(32, 16, act=False))
        blocks, channels = [], 16
        for width, depth, stride in ((24, 3, 1), (40, 3, 2), (80, 2, 2)):
            for d in range(depth):
                blocks.append(Block(channels, width, stride if d == 0 else 1))
                channels = width
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Sequential(*conv_bn(channels, 1280))
        self.classifier = nn.Linear(1280, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(self.head(x).mean((2, 3)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", default="mixed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nchw", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    net = Supernet().train()
    images, labels = torch.randn(args.batch, 3, 32, 32), torch.randint(0, 10, (args.batch,))
    if not args.nchw:
        net = net.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    alphas = [block.alpha for block in net.blocks]
    weights = [p for name, p in net.named_parameters() if not name.endswith("alpha")]
    sgd = torch.optim.SGD(weights, lr=0.01, momentum=0.9, nesterov=True, weight_decay=4e-5)
    adam = torch.optim.Adam(alphas, lr=1e-3, betas=(0.0, 0.999))

    def weight_step():
        for block in net.blocks:
            block.mode = "mixture" if args.step == "mixture" else "path"
            block.path = rng.choices(range(block.n), block.alpha.detach().softmax(0).tolist())[0]
        sgd.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(images), labels, label_smoothing=0.1)
        loss.backward()
        sgd.step()
        return loss.item()

    def architecture_step():
        for block in net.blocks:
            p = block.alpha.detach().softmax(0)
            block.mode, block.pair = "two", torch.multinomial(p, 2, replacement=False).tolist()
            q = block.alpha.detach()[block.pair].softmax(0)
            active = rng.choices((0, 1), q.tolist())[0]
            block.path = block.pair[active]
            block.gates = torch.zeros(2).index_fill_(0, torch.tensor([active]), 1).requires_grad_(True)
            block.q = q
        adam.zero_grad(set_to_none=True)
        net.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        before = []
        with torch.no_grad():
            for block in net.blocks:
                g, q = block.gates.grad, block.q
                gradient = torch.zeros_like(block.alpha)
                gradient[block.pair] = q * (g - (g * q).sum())  # sum_j g_j q_j (delta_ij - q_i)
                block.alpha.grad = gradient
                before.append(block.alpha[block.pair].clone())
            adam.step()
            for block, old in zip(net.blocks, before):
                block.alpha[block.pair] -= block.alpha[block.pair].logsumexp(0) - old.logsumexp(0)
        return loss.item()

    def step(i):
        if args.step == "architecture":
            return architecture_step()
        loss = weight_step()
        if args.step == "mixed" and i % 5 == 4:
            architecture_step()
        return loss

    for i in range(1 if args.step == "mixture" else 5):
        step(i)
    wall, cpu = time.perf_counter(), time.process_time()
    for i in range(args.steps):
        loss = step(i)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"value": cpu / args.steps, "seconds": wall / args.steps, "peak_mib": (peak - loaded) / 1024,
                      "step": args.step, "threads": args.threads, "batch": args.batch, "loss": loss,
                      "parameters": sum(p.numel() for p in weights), "operations": sum(b.n for b in net.blocks)}))


if __name__ == "__main__":
    main()
