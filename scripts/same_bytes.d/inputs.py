"""What the commands of scripts/same-bytes read: tiny images, tokens, texts, networks and tables of runs, made here from
fixed seeds with Python alone. Every path in them is relative to the folder that the commands run in."""
import json
import math
import pathlib
import random
import struct


def write_json(path: pathlib.Path, value) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_safetensors(path: pathlib.Path, tensors: dict) -> None:
    """tensors: name -> (type, shape, flat values); F32 or I64."""
    header, data = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        raw = struct.pack(f"<{len(values)}{'f' if dtype == 'F32' else 'q'}", *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def images(folder: pathlib.Path) -> None:
    """IDX files of the MNIST family: three easily told classes of 8x8 grey images, for training and test."""
    folder.mkdir()
    draw = random.Random(1)
    for prefix, count in (("train", 96), ("t10k", 40)):
        labels = [i % 3 for i in range(count)]
        pixels = bytes(draw.randrange(100) + 150 * (y * 3 // 8 == label) for label in labels
                       for y in range(8) for _ in range(8))
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(labels))


def nas_search(folder: pathlib.Path) -> None:
    images(folder / "images")
    data = {"kind": "idx", "path": "in/images", "augment": {"crop_padding": 1, "flip": True}}
    write_json(folder / "data.json", data)
    write_json(folder / "train.json", {
        "network": {"blocks": "3e1w8 | 3e3s2w8 5e2 7e2", "stem": 8, "stem_stride": 1, "classes": 3, "input_channels": 1,
                    "resolution": 8, "dropout": 0.2},
        "data": data, "batch_size": 8,
        "loop": {"epochs": 3, "ema_decay": 0.9, "log_every": 1, "checkpoint_every": 7, "evaluate_every": 1,
                 "optimizer": {"weight_decay": 1e-4, "no_decay": ["bn"]}}})
    space = {"input_channels": 1, "classes": 3, "resolution": 8, "stem": 4, "stem_stride": 1, "first_block": 0, "head": 12,
             "candidates": ["3e1", "3e2", "5e1", "Z"], "stages": [{"width": 8, "depth": 3, "stride": 2}]}
    write_json(folder / "space.json", space)
    write_json(folder / "search.json", {
        "space": space, "data": {**data, "validation": 0.25}, "batch_size": 8, "strategy": {"lr": 0.05}, "log_every": 1,
        "checkpoint_every": 5, "schedule": {"warmup_epochs": 1, "epochs": 3, "architecture_every": 2}})
    # Two devices that want opposite things.
    write_json(folder / "two.json", {**json.loads((folder / "search.json").read_text()), "devices": [
        {"name": "small", "metric": "macs", "loss": "add_linear", "reference": 1000, "lambda": 5},
        {"name": "free", "metric": "parameters"}]})
    # A latency table in the published YAML format, for one network.
    (folder / "table.yaml").write_text(
        "Conv-input:32x32x3-output:16x16x8: {mean: 1.5, std: 0.1}\n"
        "expanded_conv-input:16x16x8-output:16x16x8-expand:1-kernel:3-stride:1-idskip:0: {mean: 2.25}\n"
        "expanded_conv-input:16x16x8-output:8x8x16-expand:3-kernel:5-stride:2-idskip:0: {mean: 0.5}\n"
        "expanded_conv-input:8x8x16-output:8x8x16-expand:2-kernel:3-stride:1-idskip:1: {mean: 4.5}\n"
        "Logits-input:8x8x16-output:10: {mean: 0.125}\n")
    network_of_every_layer(folder)


def network_of_every_layer(folder: pathlib.Path) -> None:
    """every.json and every.safetensors: each activation, squeeze-and-excitation, groups, dilation, a bias, a skip."""
    draw = random.Random(2)
    act = {"act_func": "relu6", "use_bn": True}

    def inverted(inputs, outputs, kernel, stride=1, expand=1, **more):
        return {"mobile_inverted_conv": {"name": "MBInvertedConvLayer", "in_channels": inputs, "out_channels": outputs,
                                         "kernel_size": kernel, "stride": stride, "expand_ratio": expand, **more},
                "shortcut": {"name": "IdentityLayer", "in_channels": inputs, "out_channels": outputs}
                if inputs == outputs and stride == 1 else None, "name": "MobileInvertedResidualBlock"}

    grouped = {"name": "ConvLayer", "in_channels": 16, "out_channels": 16, "kernel_size": 3, "dilation": 2, "groups": 4,
               "bias": True, "act_func": "sigmoid", "use_bn": False, "stride": 1}
    write_json(folder / "every.json", {
        "name": "ProxylessNASNets", "bn": {"momentum": 0.1, "eps": 1e-3}, "resolution": 17,
        "first_conv": {"name": "ConvLayer", "in_channels": 3, "out_channels": 8, "kernel_size": 3, "stride": 2, **act},
        "blocks": [inverted(8, 8, 3), inverted(8, 16, 5, 2, 3, act_func="h_swish", use_se=True),
                   inverted(16, 16, 7, 1, 6, act_func="relu", mid_channels=40),
                   {"name": "MobileInvertedResidualBlock", "mobile_inverted_conv": {"name": "ZeroLayer", "stride": 1},
                    "shortcut": {"name": "IdentityLayer", "in_channels": 16, "out_channels": 16}},
                   {"name": "MobileInvertedResidualBlock", "mobile_inverted_conv": grouped, "shortcut": {
                       "name": "IdentityLayer", "in_channels": 16, "out_channels": 16}}],
        "feature_mix_layer": {"name": "ConvLayer", "in_channels": 16, "out_channels": 24, "kernel_size": 1, "stride": 1, **act},
        "classifier": {"name": "LinearLayer", "in_features": 24, "out_features": 7, "bias": True, "use_bn": False,
                       "act_func": None, "dropout_rate": 0}})
    tensors = {}

    def normal(name, *shape, scale=0.3):
        tensors[name] = ("F32", list(shape), [draw.gauss(0, scale) for _ in range(math.prod(shape))])

    def conv(name, *shape, bias=False, bn=True):
        normal(name + ".conv.weight", *shape)
        if bias:
            normal(name + ".conv.bias", shape[0], scale=1)
        if bn:
            for part in ("weight", "running_var"):
                tensors[f"{name}.bn.{part}"] = ("F32", [shape[0]], [draw.uniform(0.5, 2) for _ in range(shape[0])])
            for part in ("bias", "running_mean"):
                normal(f"{name}.bn.{part}", shape[0], scale=1)

    def bottleneck(block, inputs, middle, outputs, kernel, squeeze=0):
        name = f"blocks.{block}.mobile_inverted_conv"
        if middle != inputs:
            conv(name + ".inverted_bottleneck", middle, inputs, 1, 1)
        conv(name + ".depth_conv", middle, 1, kernel, kernel)
        if squeeze:
            fc = name + ".depth_conv.se.fc"
            normal(fc + ".reduce.weight", squeeze, middle, 1, 1)
            normal(fc + ".reduce.bias", squeeze)
            normal(fc + ".expand.weight", middle, squeeze, 1, 1)
            normal(fc + ".expand.bias", middle)
        conv(name + ".point_linear", outputs, middle, 1, 1)

    conv("first_conv", 8, 3, 3, 3)
    bottleneck(0, 8, 8, 8, 3)
    bottleneck(1, 8, 24, 16, 5, squeeze=8)
    bottleneck(2, 16, 40, 16, 7)
    conv("blocks.4.mobile_inverted_conv", 16, 4, 3, 3, bias=True, bn=False)
    conv("feature_mix_layer", 24, 16, 1, 1)
    normal("classifier.linear.weight", 7, 24)
    normal("classifier.linear.bias", 7)
    write_safetensors(folder / "every.safetensors", tensors)
    size = 3 * 3 * 17 * 17
    write_safetensors(folder / "every-input.safetensors",
                      {"input": ("F32", [3, 3, 17, 17], [draw.gauss(0, 1) for _ in range(size)])})


def ligo_grow(folder: pathlib.Path) -> None:
    tokens, token = [], 3
    for i in range(4000):
        tokens.append(token)
        token = (token * 5 + (2 if i % 7 == 0 else 1)) % 32
    for part, some in (("train", tokens[:3500]), ("validation", tokens[3500:])):
        (folder / f"tokens-{part}.bin").write_bytes(struct.pack(f"<{len(some)}H", *some))
    loop = {"steps": 20, "log_every": 1, "checkpoint_every": 7, "schedule": {"lr_peak": 0.01, "warmup_steps": 3}}
    text = {"data": {"train": "in/tokens-train.bin", "validation": "in/tokens-validation.bin", "sequence_length": 16}}
    base = {"batch_size": 8, "evaluate_steps": 10, "keep_optimizer": True, "loop": loop}
    sizes = {"hidden_size": 16, "layers": 2, "heads": 2, "vocab_size": 32, "positions": 24}
    image = {"hidden_size": 16, "layers": 2, "heads": 2, "image_size": 8, "patch_size": 4, "channels": 1, "labels": 3}
    configs = {
        "gpt2": {**base, **text, "model": {**sizes, "architecture": "gpt2", "head_bias": True}},
        "llama": {**base, **text, "model": {**sizes, "architecture": "llama", "activation": "silu", "tied_head": False,
                                            "heads": 4, "kv_heads": 2}},
        "bert": {**base, **text, "objective": "masked", "mask_token_id": 1, "model": {**sizes, "architecture": "bert"}},
        "roberta": {**base, **text, "objective": "masked", "mask_token_id": 1,
                    "model": {**sizes, "architecture": "roberta"}},
        "vit": {**base, "objective": "image", "images": {"kind": "idx", "path": "in/images"}, "label_smoothing": 0.1,
                "model": {**image, "architecture": "vit"}},
        "deit": {**base, "objective": "image", "images": {"kind": "idx", "path": "in/images"},
                 "model": {**image, "architecture": "deit"}},
    }
    for name, config in configs.items():
        write_json(folder / f"{name}.json", config)
    gpt2 = configs["gpt2"]
    write_json(folder / "drop.json", {**gpt2, "accumulate": 2, "drop": {"layer_keep": 0.6, "token_keep": 0.5, "token_first": 1},
                                      "loop": {**loop, "ema_decay": 0.9, "optimizer": {"lr_scale": {"token_embedding": 3}}}})
    write_json(folder / "staged.json", {**gpt2, "stages": [
        {"steps": 10},
        {"target": {"hidden_size": 32}, "growth": {"plan": {"width": "exact"}, "optimizer": True}, "steps": 10},
        {"target": {"layers": 4}, "growth": {"method": "ligo", "ligo_steps": 5}, "steps": 10}]})
    write_json(folder / "learn.json", {"target": {"hidden_size": 32, "layers": 3}, **text, "batch_size": 8,
                                       "loop": {**loop, "schedule": {"warmup_steps": 3}}})
    vocabulary = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    vocabulary.update({"ab": 26, "th": 27, "\u0120": 28})
    write_json(folder / "tokenizer.json", {
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": ["a b", "t h"]}})
    (folder / "text.txt").write_text("the cab that a bath had\nabba\n")
    (folder / "words.tsv").write_text("".join(f"{'early' if a < 'n' else 'late'}\t{a}{a}\n" for a in vocabulary if a in
                                              "abcdefghijklmnopqrstuvwxyz"))
    training = {key: gpt2[key] for key in ("batch_size", "evaluate_steps", "loop")}
    training["data"] = {**text["data"], "tokenizer": "in/tokenizer.json"}
    write_json(folder / "compare.json", {
        "seeds": [0, 1], "source": gpt2, "target": {"hidden_size": 32, "layers": 3}, "train": training, "losses": [3.0],
        "neighbours": {"count": 1, "examples": "in/words.tsv", "questions": "in/words.tsv"},
        "methods": [{"growth": {"plan": {"width": "fpi", "depth": "stack"}}},
                    {"growth": {"method": "ligo", "ligo_steps": 5}}]})
    draw = random.Random(3)
    write_safetensors(folder / "ids.safetensors", {"input_ids": ("I64", [2, 16], [draw.randrange(32) for _ in range(32)])})
    write_safetensors(folder / "pixels.safetensors",
                      {"pixel_values": ("F32", [2, 1, 8, 8], [draw.gauss(0, 1) for _ in range(128)])})


def scalefit(folder: pathlib.Path) -> None:
    draw = random.Random(4)

    def noisy(value, share=0.004):
        return f"{value * math.exp(share * draw.gauss(0, 1)):.6f}"

    def table(name, header, rows):
        (folder / name).write_text(header + "\n" + "".join(",".join(str(x) for x in row) + "\n" for row in rows))

    def loss(size, data, factor=1.0):
        return (1.7 + 406 / size**0.34 + 411 / data**0.28) * factor

    sizes, amounts = [1e6 * 2**i for i in range(5)], [1e7 * 2**i for i in range(5)]
    grid = [(f"{n:g}", f"{d:g}", noisy(loss(n, d))) for n in sizes for d in amounts]
    table("runs.csv", "params,tokens,loss", grid)
    table("better.csv", "params,tokens,loss", [(n, d, noisy(loss(float(n), float(d), 0.97))) for n, d, _ in grid])
    table("series.csv", "params,tokens,loss,group",
          [(*row[:2], noisy(loss(float(row[0]), float(row[1]), f)), g) for g, f in (("a", 1.0), ("b", 1.1)) for row in grid])
    table("repeats.csv", "params,tokens,loss", [(n, d, noisy(loss(float(n), float(d)))) for n, d, _ in grid for _ in "ab"])
    # One run that diverged, and one that is the same as another in every column.
    table("diverged.csv", "params,train_examples,test_error",
          [(n, d, noisy(0.02 + 30 / n**0.7 + 20 / d**0.6, 0.02)) for n in (5000, 9000, 17000, 33000) for d in (1000, 2000, 4000)
           for _ in "ab"] + [(9000, 8000, 0.9), (9000, 8000, 0.115), (9000, 8000, 0.115)])
    table("unique.csv", "params,tokens,unique_tokens,loss",
          [(f"{n:g}", f"{u * e:g}", f"{u:g}", noisy(loss(n, u * (1 + 15 * (1 - math.exp(-(e - 1) / 15))))))
           for n in sizes[:4] for u in amounts[:3] for e in (1, 2, 4, 8)])
    # (The data column is asked for whatever the law.)
    table("dense.csv", "tokens,params,density,error_dense,error",
          [(f"{1000 * 1.1**i:.0f}", f"{1e5 * 0.8**i:.0f}", f"{0.8**i:.6f}", e, noisy(e * ((p * p + (e / 0.9)**-4) / (p * p + 1e-6))**0.1 + 0.002 / 0.8**i, 0.01))
           for e in (0.06, 0.08, 0.1) for i in range(0, 20) for p in (0.02 / 0.8**i,)])
    table("task.csv", "tokens,loss,error", [(f"{1e9 * x:g}", f"{x:.4f}", noisy(0.9 - 2.2 * math.exp(-0.9 * x))) for x in
                                     [2.0 + 0.12 * i for i in range(20)]])
    table("curve.csv", "examples,error", [(100 * 2**i, noisy(0.02 + 3 * (100 * 2**i)**-0.5, 0.01)) for i in range(12)])
    table("curves.csv", "Task,Model,Seen Examples,Loss,Training",
          [("t", m, 1000 * 2**i, noisy(0.1 + k * (1000 * 2**i)**-0.4, 0.005), int(i < 9)) for m, k in (("a", 8), ("b", 9))
           for i in range(12)])
    write_json(folder / "law.json", {"expression": "E + A/N^alpha + B/D^alpha", "loss": "huber", "parameters": [
        {"name": "alpha", "lower": 0, "upper": 2, "start_lower": 0.05, "start_upper": 1}]})
    write_json(folder / "axes.json", {
        "axes": [{"name": "width", "values": [1.0, 0.5, 0.25, 0.125], "set": "w"},
                 {"name": "share", "start": 1.0, "factor": 0.5, "count": 4, "set": "s"}],
        "seeds": 2, "seed_set": "seed", "size": "16e6*width^2", "data": "16e7*share", "most_cost_share": 0.5})
    write_json(folder / "measure.json", {
        "command": ["sh", "-c", "if [ {share} = 0.25 ]; then echo no luck; exit 3; fi; "
                                "echo '{\"name\": \"{id}\", \"width\": {width}}' >> $(dirname {out})/runs.jsonl"],
        "folder": "runs", "done_key": "name"})


def make(folder: pathlib.Path) -> None:
    folder.mkdir()
    nas_search(folder)
    ligo_grow(folder)
    scalefit(folder)
