#!/usr/bin/env python3
"""The other side of the training benchmark: a network.json in plain PyTorch modules, trained in eager mode.

usage: torch_train.py NETWORK.json [--threads N] [--batch N] [--seconds S] [--layout nchw|nhwc|faster]
Prints one JSON object: {"value": samples per second, "steps", "threads", …}. The batch is made once: only the step counts
(forward, loss, backward, SGD with Nesterov momentum), as on our side (nas-search speed).
"""
import argparse
import json
import time

import torch
from torch import nn

ACTIVATIONS = {"relu6": lambda: nn.ReLU6(inplace=True), "relu": lambda: nn.ReLU(inplace=True), "h_swish": nn.Hardswish}


def conv(i, o, k=1, stride=1, groups=1, act="relu6", bn=None):
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False),
              nn.BatchNorm2d(o, eps=bn["eps"], momentum=bn["momentum"])]
    if act:
        layers.append(ACTIVATIONS[act]())
    return nn.Sequential(*layers)


class Block(nn.Module):
    def __init__(self, config, bn):
        super().__init__()
        op = config["mobile_inverted_conv"]
        self.zero = op["name"] == "ZeroLayer"
        self.shortcut = config["shortcut"] is not None
        if not self.zero:
            i, o, e = op["in_channels"], op["out_channels"], op["expand_ratio"]
            mid = op.get("mid_channels") or round(i * e)
            act = op.get("act_func", "relu6")
            layers = [] if e == 1 else [conv(i, mid, act=act, bn=bn)]
            layers += [conv(mid, mid, op["kernel_size"], op["stride"], mid, act=act, bn=bn), conv(mid, o, act=None, bn=bn)]
            self.layers = nn.Sequential(*layers)

    def forward(self, x):
        if self.zero:
            return x
        return self.layers(x) + x if self.shortcut else self.layers(x)


class Network(nn.Module):
    def __init__(self, config):
        super().__init__()
        bn, first, mix = config["bn"], config["first_conv"], config["feature_mix_layer"]
        self.first = conv(first["in_channels"], first["out_channels"], first["kernel_size"], first["stride"], bn=bn)
        self.blocks = nn.Sequential(*[Block(b, bn) for b in config["blocks"]])
        self.mix = conv(mix["in_channels"], mix["out_channels"], bn=bn) if mix else nn.Identity()
        self.classifier = nn.Linear(config["classifier"]["in_features"], config["classifier"]["out_features"])

    def forward(self, x):
        return self.classifier(self.mix(self.blocks(self.first(x))).mean((2, 3)))


def measure(config, args, layout):
    torch.manual_seed(0)
    network = Network(config).train()
    images = torch.randn(args.batch, config["first_conv"]["in_channels"], config["resolution"], config["resolution"])
    labels = torch.randint(0, config["classifier"]["out_features"], (args.batch,))
    if layout == "nhwc":
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=4e-5)
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(network(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    start, cpu, steps = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < args.seconds:
        loss = step()
        steps += 1
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    samples = steps * args.batch
    return {"value": samples / seconds, "samples_per_cpu_s": samples / cpu, "layout": layout, "steps": steps,
            "threads": args.threads, "batch": args.batch, "loss": loss,
            "parameters": sum(p.numel() for p in network.parameters())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--layout", choices=["nchw", "nhwc", "faster"], default="faster")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = json.load(open(args.network))
    layouts = ["nchw", "nhwc"] if args.layout == "faster" else [args.layout]
    print(json.dumps(max((measure(config, args, layout) for layout in layouts), key=lambda r: r["samples_per_cpu_s"])))


if __name__ == "__main__":
    main()
