#!/usr/bin/env python3
"""A lesson that an exception ends says what it printed so far and the error's text, and leaves no file behind.

usage: uncaught.py PROGRAM
"""
import os
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    result = subprocess.run([sys.argv[1]], capture_output=True, text=True, cwd=folder, env={**os.environ, "TMPDIR": folder})
    left = os.listdir(folder)
print(result)
assert result.returncode == 1, result.returncode
assert result.stdout == "saved\n", result.stdout
assert result.stderr.startswith("error: ") and "right.cairn" in result.stderr and result.stderr.count("\n") == 1, result.stderr
assert not left, left
