"""The commands of scripts/same-bytes. Each has a name, and a line for the shell in which {out} is a folder of its own and
@NAME@ the folder of an earlier command, which then runs first. Inputs (inputs.py) are in in/, our configs in configs/."""
import pathlib
import re
import subprocess
from dataclasses import dataclass

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
ARCHITECTURES = ("gpt2", "llama", "bert", "roberta", "vit", "deit")
LAWS = {"chinchilla": "runs.csv", "rosenfeld": "runs.csv", "kaplan": "runs.csv", "overtraining": "runs.csv",
        "data_constrained": "unique.csv", "pruning": "dense.csv", "downstream": "task.csv"}


@dataclass
class Command:
    name: str
    line: str
    keys_only: tuple = ()  # JSON files of measured times: their keys, and how many there are
    quick: bool = False    # also in --quick
    refuses: bool = False  # it ends with an error, which is compared

    @property
    def needs(self):
        return re.findall(r"@([\w./+-]+)@", self.line)

    @property
    def tool(self):
        return re.search(r"\b(nas-search|ligo-grow|scalefit)\b", self.line)[1]


def choices(folder, line):
    """What a program offers, from its answer to a choice that there is not."""
    done = subprocess.run(["bash", "-c", line], env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True)
    found = re.search(r"hint: one of:? (.*)", done.stderr)
    if not found:
        raise SystemExit(f"same-bytes: {line}: names no choices: {done.stderr}")
    return [name.strip(" '") for name in found[1].split(",")]


# Killed once it has logged so many lines, then resumed.
INTERRUPT = ("{command} & pid=$!; for i in $(seq 3000); do [ $(cat {out}/run/events.jsonl 2>/dev/null | wc -l) -ge {lines} ]"
             " && break; sleep 0.01; done; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; echo $? > {out}/killed; {command} --resume")


def interrupted(command, lines):
    return INTERRUPT.replace("{command}", command).replace("{lines}", str(lines))


def nas_search(bin_dir):
    train = "nas-search train in/train.json --out {out}/run --quiet --threads "
    search = "nas-search search in/search.json --out {out}/run --quiet --threads "
    yield Command("network/line", "nas-search network --set 'blocks=3e1w8 | 5e3s2w16 Z 3e2' --set stem=8 --set resolution=32 "
                                  "--set classes=10 --out {out}/n.json", quick=True)
    for path in sorted((CONFIGS / "networks").glob("*.json")):
        yield Command(f"network/{path.stem}", f"nas-search network --set file=configs/networks/{path.name} --out {{out}}/n.json")
    yield Command("network/trees", "python3 scripts/proxyless_cifar > {out}/trees.json && nas-search network "
                                   "--set file={out}/trees.json --out {out}/n.json")
    yield Command("train/1-thread", train + "1", quick=True)
    yield Command("train/2-threads", train + "2 --set batch_size=16 --set workers=2")
    yield Command("train/interrupted", interrupted(train + "1 --set loop.epochs=30", 10))
    yield Command("train/adamw", train + "1 --set loop.optimizer.kind=adamw --set loop.schedule.kind=step --set "
                  "loop.schedule.milestones=[0.5] --set label_smoothing=0.1 --set loop.optimizer.clip_norm=1 --set seed=3")
    yield Command("train/nchw", train + "1 --set channels_last=false --set data.augment.cutout=2 --set data.validation=0.2 "
                                        "--set data.fraction=0.5 --set loop.optimizer.kind=adam")
    yield Command("train/from-weights", train + "1 --set initial_weights=@train/1-thread@/run/weights.safetensors")
    yield Command("train/fashion-mnist", train.replace("in/train.json", "configs/train/fashion.json") +
                  "1 --set data.fraction=0.004 --set loop.epochs=1")
    yield Command("evaluate/test", "nas-search evaluate @train/1-thread@/run/network.json --weights "
                  "@train/1-thread@/run/weights.safetensors --data in/data.json --out -", quick=True)
    yield Command("evaluate/logits", "nas-search evaluate in/every.json --weights in/every.safetensors --input "
                                     "in/every-input.safetensors --logits {out}/y.safetensors --quiet --threads 1")
    yield Command("export/trained", "nas-search export @train/1-thread@/run/network.json --weights "
                                    "@train/1-thread@/run/weights.safetensors --out {out}/n.onnx", quick=True)
    yield Command("export/every-layer", "nas-search export in/every.json --weights in/every.safetensors --out {out}/n.onnx")
    for kind in choices(bin_dir, "nas-search search --set strategy.kind=zzz --out -"):
        yield Command(f"search/{kind}", search + f"1 --set strategy.kind={kind}", quick=kind == "gradient")
    yield Command("search/2-threads", search + "2 --set workers=2")
    yield Command("search/interrupted", interrupted(search + "1 --set schedule.epochs=20", 20))
    yield Command("search/rerank", search + "1 --set strategy.rerank=8")
    yield Command("search/two-devices", search.replace("search.json", "two.json") + "1")
    yield Command("search/limits", search + "1 --set objective.limits.macs=6000 --set objective.limits.sram_bytes=2000")
    yield Command("search/latency", search + "1 --set objective.metric=latency_ms --set objective.loss=mul_log --set "
                                             "objective.reference=5 --set objective.table=@profile/runner@/t.json")
    runner = ("n=0; while read -r line; do echo \"{\\\"id\\\": $n, \\\"ms\\\": 1.$((n%7))}\"; n=$((n+1)); done")
    yield Command("profile/runner", f"nas-search profile in/space.json --runner '{runner}' --out {{out}}/t.json --quiet")
    yield Command("profile/cifar", f"nas-search profile configs/search/cifar.json --runner '{runner}' --out {{out}}/t.json --quiet")
    yield Command("profile/operations", "nas-search profile in/space.json --runner 'tee {out}/lines.jsonl | (" + runner + ")' "
                                        "--out {out}/t.json --quiet")
    yield Command("profile/measured", "nas-search profile in/space.json --threads 1 --set meter.rounds=3 --set "
                  "meter.sample_ms=0.05 --check 3 --out {out}/t.json --quiet", keys_only=("t.json", "stdout"))
    yield Command("latency/own", "nas-search latency @search/gradient@/run/network.json --table @profile/runner@/t.json --out -")
    yield Command("latency/yaml", "nas-search latency @network/line@/n.json --table in/table.yaml --out -")
    yield Command("latency/missing", "nas-search latency in/every.json --table in/table.yaml --out -", refuses=True)
    derive = "nas-search derive in/space.json --alpha @search/gradient@/run/search.json --out {out}/net "
    yield Command("derive/probable", derive)
    yield Command("derive/limits", derive + "--table @profile/runner@/t.json --limit latency_ms=6 --limit macs=9000")
    yield Command("derive/memory", derive + "--limit sram_bytes=1500 --limit flash_bytes=3000")
    yield Command("derive/slack", derive + "--table @profile/runner@/t.json --minimise latency_ms --slack 1")
    yield Command("derive/target", "nas-search derive in/space.json --alpha @search/two-devices@/run/search.json "
                                   "--target small --out {out}/net")
    yield Command("report/search", "nas-search report @search/two-devices@/run --out {out}/page.html")


def ligo_grow(bin_dir):
    train = "ligo-grow train in/{config}.json --out {out}/run --quiet --threads "
    for name in ARCHITECTURES:
        yield Command(f"train/{name}", train.replace("{config}", name) + "1", quick=name == "gpt2")
    yield Command("train/gpt2-2-threads", train.replace("{config}", "gpt2") + "2")
    yield Command("train/vit-2-threads", train.replace("{config}", "vit") + "2 --set workers=2")
    yield Command("train/gpt2-interrupted", interrupted(train.replace("{config}", "gpt2") + "1 --set loop.steps=200", 10))
    yield Command("train/drop", train.replace("{config}", "drop") + "1")
    yield Command("train/staged", train.replace("{config}", "staged") + "1")
    yield Command("train/from-model", train.replace("{config}", "gpt2") + "1 --set model.path=@train/gpt2@/run "
                                      "--set start_optimizer=true")
    kinds = {what: choices(bin_dir, f"ligo-grow grow x --set operator.{what}=zzz --out y") for what in ("width", "depth")}
    for name in ARCHITECTURES:
        grow = f"ligo-grow grow @train/{name}@/run --out {{out}}/large --threads 1 --quiet --set target.layers=4 "
        like_another = name in ("roberta", "deit")  # in all that growth sees
        for kind in kinds["width"][:1 if like_another else None]:
            yield Command(f"grow/{name}/{kind}", grow + f"--set target.hidden_size=32 --set operator.width={kind} "
                          f"--set optimizer=@train/{name}@/run/optimizer.safetensors", quick=(name, kind) == ("gpt2", "fresh"))
        for kind in kinds["depth"][:1 if like_another else None]:
            more = " --set operator.slices=0-2,0-2" if kind == "slices" else ""
            yield Command(f"grow/{name}/{kind}", grow + f"--set operator.depth={kind}{more}")
    wide = "ligo-grow grow @train/{name}@/run --out {out}/large --threads {threads} --quiet --set target.hidden_size=48 "
    for name in ("gpt2", "bert", "vit"):
        yield Command(f"grow/{name}/noise", wide.replace("{name}", name).replace("{threads}", "2") +
                      "--set operator.width=hypercloning --set operator.noise=0.05 --set operator.unequal=true --set dtype=bf16")
    yield Command("learn/gpt2", "ligo-grow learn in/learn.json --set model=@train/gpt2@/run --out {out}/run --quiet --threads 1")
    yield Command("learn/gpt2-2-threads", "ligo-grow learn in/learn.json --set model=@train/gpt2@/run --set search=[0.003,0.01] "
                                          "--set search_steps=5 --out {out}/run --quiet --threads 2")
    yield Command("compare/kjv-like", "ligo-grow compare in/compare.json --out {out}/run --quiet --threads 1")
    yield Command("evaluate/loss", "ligo-grow evaluate @train/gpt2@/run --config in/gpt2.json --threads 1 --out -")
    yield Command("evaluate/texts", "ligo-grow evaluate @train/gpt2@/run --config in/gpt2.json --threads 1 --out - --knn 3 "
                  "--labelled in/words.tsv in/words.tsv --set data.tokenizer=in/tokenizer.json --pool last")
    yield Command("evaluate/images", "ligo-grow evaluate @train/vit@/run --config in/vit.json --threads 2 --knn 5 --out -")
    yield Command("tokenize/ids", "ligo-grow tokenize in/text.txt --tokenizer in/tokenizer.json --ids", quick=True)
    yield Command("tokenize/bin", "ligo-grow tokenize in/text.txt --tokenizer in/tokenizer.json --out {out}/t.bin")
    for name in ARCHITECTURES:
        given = "pixels" if name in ("vit", "deit") else "ids"
        yield Command(f"inspect/{name}", f"ligo-grow inspect @train/{name}@/run --out - && ligo-grow inspect @train/{name}@/run "
                      f"--input in/{given}.safetensors --logits {{out}}/y.safetensors --out -", quick=name == "gpt2")


def scalefit(bin_dir):
    for law, table in LAWS.items():
        yield Command(f"fit/{law}", f"scalefit fit in/{table} --set law={law} --set draws=50 --html {{out}}/page.html "
                                    "--out {out}/fit.json", quick=law == "chinchilla", refuses=law in ("pruning", "downstream"))
    fits = {
        "default": "runs.csv", "series": "series.csv", "repeats": "repeats.csv", "diverged": "diverged.csv",
        "curve": "curve.csv", "curves": "curves.csv", "unique": "unique.csv",
        "own-law": "runs.csv in/law.json", "profile": "runs.csv --set law=chinchilla --set loss=log --set intervals=profile",
        "relative": "runs.csv --set law=kaplan --set loss=relative --set draws=20",
        "fixed": "runs.csv --set law=chinchilla --set fixed.alpha=0.34 --set draws=20",
        "where": "series.csv --set where.group=a --set law=chinchilla --set draws=20 --set above_weight=1",
        "cost": "runs.csv --set law=overtraining --set loss=asymmetric --set cost=6*N*D+1e9 --seed 5 --set draws=20"}
    for name, rest in fits.items():
        yield Command(f"fit/{name}", f"scalefit fit in/{rest} --html {{out}}/page.html --out {{out}}/fit.json",
                      quick=name == "default")
    yield Command("fit/grid", "scalefit fit data/fashion_mnist_grid.jsonl --html {out}/page.html --out {out}/fit.json")
    for law, at in (("chinchilla", "size=1e9,data=2e10"), ("default", "size=1e8,data=1e9"), ("curve", "data=1e6"),
                    ("curves", "data=1e6"), ("data_constrained", "size=1e8,data=1e9,unique_data=1e8"),
                    ("own-law", "size=1e9,data=2e10"), ("grid", "size=115434,data=60000"),
                    ("series", "size=1e8,data=1e9 --group b"), ("cost", "size=1e8,data=1e9")):
        yield Command(f"predict/{law}", f"scalefit predict @fit/{law}@/fit.json --at {at} --html {{out}}/page.html --out -",
                      quick=law in ("chinchilla", "default"))
    for law in ("chinchilla", "default", "overtraining", "series"):
        group = " --group a" if law == "series" else ""
        yield Command(f"plan/{law}", f"scalefit plan @fit/{law}@/fit.json --target-error 3.4 --budget 1e17 --budget 1e18 "
                      f"--deploy-tokens 1e10 --set frontier=3{group} --html {{out}}/page.html --out -", quick=law == "chinchilla")
    yield Command("plan/curve", "scalefit plan @fit/curve@/fit.json --target-error 0.03 --out -")
    yield Command("plan/grid", "scalefit plan @fit/grid@/fit.json --target-error 0.07 --out -")
    better = "scalefit fit in/better.csv --set law={} --set draws=50 --out {{out}}/b.json; scalefit compare @fit/{}@/fit.json " \
             "{{out}}/b.json --html {{out}}/page.html --out - "
    yield Command("compare/chinchilla", better.format("chinchilla", "chinchilla") + "--set along=data --set at.size=1e7")
    yield Command("compare/default", better.format("auto", "default"))
    yield Command("design/axes", "scalefit design in/axes.json", quick=True)
    for criterion in choices(bin_dir, f"scalefit design {CONFIGS}/scalefit/quickstart-design.json --set criterion=zzz"):
        yield Command(f"design/{criterion}", "scalefit design in/axes.json --fit @fit/chinchilla@/fit.json --budget 5e15 "
                      f"--set criterion={criterion} --set target.size=1e8 --set target.data=1e9")
    yield Command("design/default", "scalefit design in/axes.json --fit @fit/default@/fit.json --budget 5e15 "
                                    "--set target.size=1e8 --set target.data=1e9")
    yield Command("measure/list", "scalefit measure in/measure.json @design/axes@/stdout --set folder={out}/runs --quiet "
                                  "--out {out}/measured.json")
    for mode, rest in {"corners": "in/runs.csv --set law=chinchilla", "corners-default": "in/runs.csv",
                       "corners-grid": "data/fashion_mnist_grid.jsonl", "curves": "in/curves.csv --mode curves",
                       "joint": "in/runs.csv --mode joint --set seeds=3 --set draws=50",
                       "joint-series": "in/series.csv --mode joint --set seeds=2", "protocol": "--mode protocol --set repeats=1"
                       }.items():
        yield Command(f"validate/{mode}", f"scalefit validate {rest} --html {{out}}/page.html --out -", quick=mode == "corners")


def every_command(bin_dir):
    made = {"nas-search": nas_search, "ligo-grow": ligo_grow, "scalefit": scalefit}
    for tool, of_tool in made.items():
        if (pathlib.Path(bin_dir) / tool).exists():
            for command in of_tool(bin_dir):
                command.name = f"{tool}/{command.name}"
                command.line = re.sub(r"@([\w./+-]+)@", rf"@{tool}/\1@", command.line)
                yield command
