"""torch and transformers for what compares with Hugging Face's own library: from this Python, or from the environment that
scripts/setup --hf makes, in which the program is started again. Without either the program is skipped by name."""
import os
import pathlib
import sys

try:
    import torch
    import transformers
except ImportError:
    python = pathlib.Path(__file__).resolve().parent.parent / ".deps/hf/bin/python"
    if python.exists() and pathlib.Path(sys.executable) != python:
        os.execv(python, [str(python), *sys.argv])
    print("SKIPPED: transformers is not installed here (scripts/setup --hf)")
    sys.exit(77)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)
