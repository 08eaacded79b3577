"""Finds an interpreter that has PyTorch, and goes on in it.

That which runs, or CAIRN_TORCH_PYTHON's, or the one that `./dev peers` makes in .peers/. Without one, or with a PyTorch of
another release than the texts and numbers are compared with, the script ends with 77: skipped.
"""
import os
import sys

RELEASE = "2.15"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOTED = "CAIRN_TORCH_PYTHON_TRIED"


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(77)


def go_on_with_pytorch():
    try:
        import torch
    except ImportError:
        python = os.environ.get("CAIRN_TORCH_PYTHON") or os.path.join(ROOT, ".peers", "bin", "python")
        if NOTED in os.environ or not os.path.exists(python):
            skip("no PyTorch here; ./dev peers fetches one, and CAIRN_TORCH_PYTHON may name an interpreter that has one")
        os.execve(python, [python, *sys.argv], os.environ | {NOTED: "1"})
    if not torch.__version__.startswith(RELEASE + "."):
        skip(f"this is PyTorch {torch.__version__}, and what is compared is {RELEASE}")
