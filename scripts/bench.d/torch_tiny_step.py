#!/usr/bin/env python3
"""Seconds of one training step of a published int8 network in float: PyTorch eager, or ONNX Runtime Training.

  torch_tiny_step.py NETWORK.json|FOLDER SCHEMES.json NAME INDEX [--steps 40] [--engine torch|ort] [--full]

FOLDER is one that `tinytrain-compile import` wrote of a chain of convolutions, without branches. The network is the dequantised one: convolutions with bias, the clamp of the int8 range after each, residual sums, mean,
head of ten classes; batch 1, one thread, SGD without momentum. What the scheme trains needs gradients and nothing else does;
fractions of channels are taken as whole layers for one of 1 and as that many input channels for the others, as a split
convolution, which is what a program without such schemes can do. Prints {"value": s, "peak_mib": above the model that has
computed once without gradients, "above_loaded_mib": above the loaded one, "process_mib": of the whole process}.
"""
import argparse
import json
import os
import re
import resource
import statistics
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy  # noqa: E402


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load_folder(path):
    """Blocks of one convolution each, and the image's extent."""
    from safetensors.numpy import load_file
    tensors = load_file(f"{path}/model.safetensors")
    text = open(f"{path}/model.ir").read()

    def stored(name):
        found = re.search(rf"^ .*\b{re.escape(name)}: \w+\[[\d, ]*\] quantised\(scale = \[([^\]]+)\], zero_point = \[([^\]]+)\]", text, re.M)
        return [numpy.array([float(v) for v in group.split(",")], numpy.float32) for group in found.groups()]
    blocks, before = [], re.search(r"^  input (\w+): i8", text, re.M).group(1)
    size = int(re.search(r"^  input \w+: i8\[1, 3, (\d+),", text, re.M).group(1))
    layer = r"^  (\w+): i8.* = (conv|depthwise_conv)\((\w+),.*kernel = \[\d+, (\d+)\], stride = \[\d+, (\d+)\]"
    for name, kind, x, kernel, stride in re.findall(layer, text, re.M):
        if x != before:
            sys.exit(f"{path}: '{name}' does not take what the layer before it gives: a chain is wanted")
        (y_scale, y_zero), (scale, _), (bias_scale, _) = stored(name), stored(name + ".weight"), stored(name + ".bias")
        weight = tensors[name + ".weight"].astype(numpy.float32) * scale.reshape(-1, 1, 1, 1)
        blocks.append([{"weight": weight, "bias": tensors[name + ".bias"].astype(numpy.float32) * bias_scale, "stride": int(stride),
                        "pad": int(kernel) // 2, "groups": len(weight) if kind == "depthwise_conv" else 1,
                        "low": float(((-128 - y_zero) * y_scale)[0]), "high": float(((127 - y_zero) * y_scale)[0])}])
        before = name
    return blocks, [False] * len(blocks), size


def load(path):
    if os.path.isdir(path):
        return load_folder(path)
    from safetensors.numpy import load_file
    tensors = load_file(path.replace(".json", ".safetensors"))
    network = json.load(open(path))

    def conv(layer):
        params = layer["params"]

        def array(key):
            return tensors[params[key]["array"].replace("/", ".")]
        scale = array("w_scales").astype(numpy.float32)
        weight = array("weight").astype(numpy.float32) * scale.reshape(-1, 1, 1, 1)
        bias = numpy.clip(array("bias").astype(numpy.float64) * scale * params["x_scale"], -1e3, 1e3).astype(numpy.float32)
        low, high = ((v - params["y_zero"]) * params["y_scale"] for v in (-128, 127))
        kernel = layer["kernel_size"]
        kernel = kernel[0] if isinstance(kernel, list) else kernel
        return {"weight": weight, "bias": bias, "stride": layer["stride"], "pad": kernel // 2, "groups": layer["groups"],
                "low": float(low), "high": float(high)}
    blocks = [[conv(network["first_conv"])]]
    residual = [False]
    for block in network["blocks"]:
        blocks.append([conv(block[k]) for k in ("pointwise1", "depthwise", "pointwise2") if block.get(k)])
        residual.append(bool(block.get("residual")))
    if network.get("feature_mix"):
        blocks.append([conv(network["feature_mix"])])
        residual.append(False)
    return blocks, residual, network["first_conv"]["in_shape"]


def trained(scheme, count, full):
    if full:
        return set(range(count)), {i: 1.0 for i in range(count)}
    return (set(range(count - scheme["bias_layers"], count)),
            {layer: part for layer, part in zip(scheme["layers"], scheme["fractions"]) if part > 0})


def build(blocks, residual, biases, weights):
    import torch

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.plan, number = [], 0
            for block, adds in zip(blocks, residual):
                layers = []
                for layer in block:
                    name, part = f"l{number}", weights.get(number, 0)
                    weight = torch.from_numpy(layer["weight"])
                    channels = weight.shape[1]
                    few = max(1, round(part * channels)) if 0 < part < 1 else 0
                    if few:
                        setattr(self, name + "_a", torch.nn.Parameter(weight[:, :few].clone()))
                        setattr(self, name + "_b", torch.nn.Parameter(weight[:, few:].clone(), requires_grad=False))
                    else:
                        setattr(self, name + "_w", torch.nn.Parameter(weight, requires_grad=part > 0))
                    setattr(self, name + "_bias", torch.nn.Parameter(torch.from_numpy(layer["bias"]), requires_grad=number in biases))
                    layers.append((name, few, layer))
                    number += 1
                self.plan.append((layers, adds))
            self.head = torch.nn.Linear(blocks[-1][-1]["weight"].shape[0], 10)

        def forward(self, x):
            for layers, adds in self.plan:
                before = x
                for name, few, layer in layers:
                    bias = getattr(self, name + "_bias")
                    how = {"stride": layer["stride"], "padding": layer["pad"], "groups": layer["groups"]}
                    if few:
                        x = (torch.nn.functional.conv2d(x[:, :few], getattr(self, name + "_a"), bias, **how) +
                             torch.nn.functional.conv2d(x[:, few:], getattr(self, name + "_b"), None, **how))
                    else:
                        x = torch.nn.functional.conv2d(x, getattr(self, name + "_w"), bias, **how)
                    x = torch.clamp(x, layer["low"], layer["high"])
                if adds:
                    x = x + before
            return self.head(x.mean((2, 3)))
    return Network()


def time_steps(step, steps):
    step()
    taken = []
    for _ in range(steps):
        start = time.process_time()
        step()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def with_torch(network, size, steps):
    import torch
    torch.set_num_threads(1)
    image, label = torch.randn(1, 3, size, size), torch.tensor([3])
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=1e-6)
    loaded = peak_mib()
    with torch.no_grad():
        network(image)
    before = peak_mib()

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(image), label).backward()
        optimizer.step()
    return time_steps(step, steps), before, loaded


def with_ort(onnx_path, names, size, steps):
    import onnx
    from onnxruntime import SessionOptions
    from onnxruntime.training import artifacts
    from onnxruntime.training.api import CheckpointState, Module, Optimizer
    with tempfile.TemporaryDirectory() as folder:
        model = onnx.load(onnx_path)
        frozen = [i.name for i in model.graph.initializer if i.name not in names]
        artifacts.generate_artifacts(model, requires_grad=[i.name for i in model.graph.initializer if i.name in names],
                                     frozen_params=frozen, loss=artifacts.LossType.CrossEntropyLoss,
                                     optimizer=artifacts.OptimType.SGD, artifact_directory=folder)
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        state = CheckpointState.load_checkpoint(f"{folder}/checkpoint")
        module = Module(f"{folder}/training_model.onnx", state, session_options=options)
        optimizer = Optimizer(f"{folder}/optimizer_model.onnx", module)
        module.train()
        image, label = numpy.random.randn(1, 3, size, size).astype(numpy.float32), numpy.array([3], numpy.int64)
        before = peak_mib()

        def step():
            module(image, label)
            optimizer.step()
            module.lazy_reset_grad()
        return time_steps(step, steps), before, before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("schemes")
    parser.add_argument("name")
    parser.add_argument("index", type=int)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--engine", choices=("torch", "ort"), default="torch")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--onnx", default="", help="--engine ort: the network that --write wrote")
    parser.add_argument("--write", default="", help="write the network as ONNX and end")
    options = parser.parse_args()
    blocks, residual, size = load(options.network)
    count = sum(len(block) for block in blocks)
    biases, weights = trained(json.load(open(options.schemes))[options.name][options.index], count, options.full)
    if options.engine == "ort" and options.onnx:
        names = json.load(open(options.onnx + ".json"))
        value, before, loaded = with_ort(options.onnx, set(names), size, options.steps)
    else:
        network = build(blocks, residual, biases, weights)
        if options.write:
            import torch
            torch.onnx.export(network.train(), (torch.randn(1, 3, size, size),), options.write, input_names=["image"],
                              output_names=["logits"], export_params=True, training=torch.onnx.TrainingMode.TRAINING,
                              do_constant_folding=False, dynamo=False)
            json.dump([n for n, p in network.named_parameters() if p.requires_grad], open(options.write + ".json", "w"))
            return
        value, before, loaded = with_torch(network, size, options.steps)
    print(json.dumps({"value": value, "peak_mib": peak_mib() - before, "above_loaded_mib": peak_mib() - loaded,
                      "process_mib": peak_mib()}))


if __name__ == "__main__":
    sys.exit(main())
