#!/usr/bin/env python3
"""What pretrained weights are worth on a small folder of images: a network that was trained on ImageNet is tuned, and
networks are trained from scratch with the same compute, on two folders, three seeds each.

  scripts/nas_finetune.py --weights proxyless-w0.25-r112.safetensors [--bin build/bin] [--icons FOLDER] [--seeds 1 2 3]

The method, which was written down before the first run:

- Two folders. Fashion-MNIST's t-shirts, trousers, pullovers, dresses and coats, 60 training images each, enlarged from
  28 pixels; and icons in colour of 128 pixels: the folders actions, apps, devices, mimetypes and places of Debian's
  oxygen-icon-theme (at most 150 each, the first by name; --icons names usr/share/icons/oxygen/base/128x128 of the package).
  Two fifths of each are held out (data.validation=0.4), the same for all.
- Tuned: configs/train/finetune.json as it is (all layers, the body at a tenth of the rate), for 12 epochs.
- From scratch, with as many multiply-accumulates in training: the same network; and a small one at 48 pixels (a quarter of
  the multiply-accumulates, so four times the epochs), as a search at that size finds them. Rate 0.05, the same augmentation. Of
  the two the better one counts, by the very error that is reported, which favours it.
- Reported: held-out error, mean of the seeds. Goal: tuned is better on both folders with every seed.
"""
import argparse
import gzip
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

SOURCE = pathlib.Path(__file__).resolve().parents[1]
SMALL = "3e1w16 | 5e3s2w24 3e3 | 5e3s2w40 5e3 | 5e6w64"
FASHION = {0: "t-shirt", 1: "trouser", 2: "pullover", 3: "dress", 4: "coat"}
ICONS = ("actions", "apps", "devices", "mimetypes", "places")
EPOCHS = 12


def write_png(path, pixels, side):
    rows = b"".join(b"\0" + pixels[side * y:side * (y + 1)] for y in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def fashion(folder, each=100):
    data = pathlib.Path("/usr/share/datasets/fashion-mnist")
    pixels = gzip.decompress((data / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((data / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    counts = dict.fromkeys(FASHION, 0)
    for i, label in enumerate(labels):
        if label in counts and counts[label] < each:
            counts[label] += 1
            place = folder / FASHION[label]
            place.mkdir(parents=True, exist_ok=True)
            write_png(place / f"{i:05}.png", pixels[784 * i:784 * (i + 1)], 28)


def icons(source, folder, most=150):
    for name in ICONS:
        (folder / name).mkdir(parents=True)
        for image in sorted((source / name).glob("*.png"))[:most]:
            shutil.copy(image, folder / name / image.name, follow_symlinks=True)


def train(arguments, out, images, seed, *more):
    command = [str(arguments.bin / "nas-search"), "train", str(SOURCE / "configs/train/finetune.json"), "--quiet", "--set",
               f"data.path={images}", "--set", "data.validation=0.4", "--set", "network.file=" if "network.blocks" in str(more) else
               f"network.file={arguments.network}", "--threads", "1", "--seed", str(seed), "--out", str(out), *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--network", type=pathlib.Path, default=SOURCE / "configs/networks/proxyless_w0.25_r112.json")
    parser.add_argument("--bin", type=pathlib.Path, default=SOURCE / "build/bin")
    parser.add_argument("--icons", type=pathlib.Path, default=pathlib.Path("/usr/share/icons/oxygen/base/128x128"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory(prefix="frugal-finetune-") as place:
        place = pathlib.Path(place)
        fashion(place / "fashion")
        if arguments.icons.is_dir():
            icons(arguments.icons, place / "icons")
        else:
            print(f"SKIPPED icons: no {arguments.icons} (apt install oxygen-icon-theme)")
        for images in sorted(path for path in place.iterdir()):
            classes = len(list(images.iterdir()))
            small = ["--set", f"network.blocks={SMALL}", "--set", "network.stem=16", "--set", "network.stem_stride=2", "--set",
                     "network.input_channels=3", "--set", f"network.classes={classes}", "--set", "network.resolution=48", "--set",
                     "data.resolution=48", "--set", "loop.schedule.lr_peak=0.05"]
            network = json.loads(arguments.network.read_text())
            network["classifier"]["out_features"] = classes
            (place / "same.json").write_text(json.dumps(network))
            same = ["--set", f"network.file={place}/same.json", "--set", f"data.resolution={network['resolution']}", "--set",
                    "loop.schedule.lr_peak=0.05"]
            errors = {"tuned": [], "the same network from scratch": [], "a small network from scratch": []}
            macs = {}
            for seed in arguments.seeds:
                runs = place.parent / f"{place.name}-runs" / f"{images.name}-{seed}"
                tuned = train(arguments, runs / "tuned", images, seed, "--weights", str(arguments.weights), "--set",
                              f"loop.epochs={EPOCHS}")
                scratch = train(arguments, runs / "same", images, seed, *same, "--set", f"loop.epochs={EPOCHS}")
                probe = macs.get("small")
                if probe is None:
                    probe = train(arguments, runs / "probe", images, seed, *small, "--set", "loop.steps=1")["macs"]
                    macs = {"small": probe, "tuned": tuned["macs"]}
                other = train(arguments, runs / "small", images, seed, *small, "--set",
                              f"loop.epochs={EPOCHS * macs['tuned'] / macs['small']:.3f}")
                shutil.rmtree(place.parent / f"{place.name}-runs")
                for name, line in zip(errors, (tuned, scratch, other)):
                    errors[name].append(100 * line["validation_error"])
                ok = errors["tuned"][-1] < min(errors["the same network from scratch"][-1], errors["a small network from scratch"][-1])
                missed += not ok
                print(f"{images.name}, seed {seed}: " + ", ".join(f"{name} {values[-1]:.1f} %" for name, values in errors.items()) +
                      f" (compute {tuned['compute']:.3g}, {scratch['compute']:.3g}, {other['compute']:.3g} FLOPs)" +
                      ("" if ok else "  MISSED: tuned is to be the best"), flush=True)
            print(f"{images.name}: {classes} classes, {tuned['train_examples']} training images: " +
                  ", ".join(f"{name} {sum(v) / len(v):.1f} %" for name, v in errors.items()), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
