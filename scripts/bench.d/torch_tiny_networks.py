#!/usr/bin/env python3
"""Small networks over sequences, trained in float with PyTorch and written as ONNX, as a user would.

usage: torch_tiny_networks.py imu|vowels|verses DATA.safetensors OUT.onnx [--classes 0,1,2] [--without-group N]
                              [--seed 0] [--epochs N] [--exporter legacy|dynamo]

Trains on the samples that the file marks as training (with --without-group: on all samples of the other groups) of the
given classes, renumbered in that order. Prints one JSON object: parameters, accuracy on the test samples (of the same
classes and groups). Needs torch, numpy and onnx (scripts/bench.d/tiny_requirements.txt); the dynamo exporter PyPI's
onnxscript and onnx_ir too. One thread.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import torch
from torch import nn


def read(path):
    blob = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", blob[:8])[0]
    header = json.loads(blob[8:8 + size])
    types = {"F32": np.float32, "I32": np.int32}
    return {name: np.frombuffer(blob, types[entry["dtype"]], (entry["data_offsets"][1] - entry["data_offsets"][0]) // 4,
                                8 + size + entry["data_offsets"][0]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def convolution(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Sequential(nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm1d(outputs), nn.ReLU())


class Separable(nn.Module):
    """Depthwise, then 1x1, around which the input is added."""

    def __init__(self, width, kernel):
        super().__init__()
        self.depthwise = convolution(width, width, kernel, groups=width)
        self.pointwise = nn.Sequential(nn.Conv1d(width, width, 1, bias=False), nn.BatchNorm1d(width))

    def forward(self, x):
        return torch.relu(x + self.pointwise(self.depthwise(x)))


class Words(nn.Module):
    """Numbers of words to [batch, features, words]."""

    def __init__(self, words, features):
        super().__init__()
        self.table = nn.Embedding(words, features)

    def forward(self, x):
        return self.table(x).transpose(1, 2)


def tail(width, classes):
    return [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(width, classes)]


def network(name, classes):
    if name == "imu":
        return nn.Sequential(convolution(6, 32, 7, 2), convolution(32, 48, 5, 2), Separable(48, 5),
                             convolution(48, 64, 3, 2), Separable(64, 3), *tail(64, classes))
    if name == "vowels":
        return nn.Sequential(convolution(12, 32, 5), nn.MaxPool1d(2), convolution(32, 64, 3), Separable(64, 3),
                             *tail(64, classes))
    return nn.Sequential(Words(1024, 16), convolution(16, 48, 3), nn.MaxPool1d(2), convolution(48, 64, 3),
                         *tail(64, classes))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=("imu", "vowels", "verses"))
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--classes", default="")
    parser.add_argument("--without-group", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--exporter", choices=("legacy", "dynamo"), default="legacy")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    data = read(options.data)
    classes = [int(c) for c in options.classes.split(",")] if options.classes else list(range(data["labels"].max() + 1))
    tokens = data["inputs"].dtype == np.int32
    inputs = torch.tensor(data["inputs"], dtype=torch.int64 if tokens else torch.float32)
    renumbered = {c: i for i, c in enumerate(classes)}
    labels = torch.tensor([renumbered.get(int(c), -1) for c in data["labels"]])
    chosen, test = labels >= 0, torch.tensor(data["split"] == 2)
    if options.without_group is not None:
        chosen &= torch.tensor(data["groups"] != options.without_group)
        training = chosen
    else:
        training = chosen & torch.tensor(data["split"] == 0)
    held_out = chosen & test
    x, y = inputs[training], labels[training]
    model = network(options.name, len(classes))
    batch, steps = 64, options.epochs * -(-len(x) // 64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-3, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, steps)
    # Classes of a text differ in size: each counts alike.
    loss = nn.CrossEntropyLoss(len(y) / (len(classes) * torch.bincount(y, minlength=len(classes)).float()))
    model.train()
    order = torch.Generator().manual_seed(options.seed)
    for _ in range(options.epochs):
        for part in torch.randperm(len(x), generator=order).split(batch):
            if len(part) < 2:
                schedule.step()
                continue
            optimizer.zero_grad()
            loss(model(x[part]), y[part]).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        correct = (model(inputs[held_out]).argmax(1) == labels[held_out]).float()
    one = inputs[:1]
    pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    if options.exporter == "legacy":
        torch.onnx.export(model, one, options.out, dynamo=False, input_names=["input"])
    else:
        torch.onnx.export(model, (one,), options.out, dynamo=True, external_data=False, verbose=False)
    print(json.dumps({"network": options.name, "parameters": sum(p.numel() for p in model.parameters()),
                      "training": len(x), "test": int(held_out.sum()), "accuracy": correct.mean().item()}))


if __name__ == "__main__":
    sys.exit(main())
