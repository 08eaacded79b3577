#!/usr/bin/env python3
"""What only a machine with a GPU can tell: the stages of `./dev gpu`, after the build.

    tests without-gpu    ctest: everything that runs elsewhere as well, on this machine and build
    tests on-gpu         ctest: the tests labelled gpu, on the real plug-in; here none may be skipped
    memcheck TEST        each of those under compute-sanitizer: accesses out of bounds,
    racecheck TEST       hazards in shared memory,
    initcheck TEST       reads of device memory that nothing wrote,
    synccheck TEST       __syncthreads that not every thread reaches
    benchmarks SECTION   benchmarks/gpu_report.py: a section of figures, beside PyTorch's, on the same page

Every stage ends with a line in RESULTS/<gpu>.md: what came out, and the command that does it again. Lines are written as
stages end, so a run that is cut off loses the stage under way and nothing else; the next goes on where it stopped. A
line counts for the sources it was made from (a hash of them stands in it), and a stage that failed is run again. What a
stage printed is in BUILD/stages/.

usage: on_gpu.py BUILD RESULTS [--list] [--stage NAME]... [--again] [--limit SECONDS]
"""
import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "benchmarks"))
import gpu_report
SOURCES = ["CMakeLists.txt", "cmake", "core", "nn", "optim", "io", "cuda", "train", "tools", "tests", "benchmarks"]
CHECKS = ["memcheck", "racecheck", "initcheck", "synccheck"]
HEADING = "| stage | result | seconds | sources | again by |\n|---|---|---|---|---|\n"


class Stage:
    def __init__(self, name, command, environment=None, verdict=None):
        self.name, self.command = name, command
        self.environment = environment or {}
        self.verdict = verdict or (lambda status, text: (status == 0, last_line(text)))

    def shell_line(self):
        """The stage as a line for a shell in the root of the sources."""
        words = [f"{name}={value}" for name, value in self.environment.items()] + self.command
        return shlex.join(word.replace(ROOT + os.sep, "") for word in words)

    def again(self):
        return f"./dev gpu --again --stage {shlex.quote(self.name)}"


def last_line(text):
    lines = [line.strip(" =") for line in text.splitlines() if line.strip(" =")]
    return lines[-1] if lines else "it printed nothing"


# --- what a stage says -------------------------------------------------------------------------------------------------
def verdict_of_ctest(may_skip):
    def verdict(status, text):
        found = re.search(r"(\d+) tests? failed out of (\d+)", text)
        skipped = len(re.findall(r"\*\*\*(?:Skipped|Not Run)", text))
        if not found:
            return False, last_line(text)
        failed, total = map(int, found.groups())
        summary = f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped"
        return status == 0 and total > 0 and (may_skip or not skipped), summary
    return verdict


def verdict_of_sanitizer(status, text):
    """compute-sanitizer's own summary, and what the program under it said last."""
    summary = re.findall(r"^=+ ((?:ERROR|RACECHECK) SUMMARY: .*)$", text, re.M)[-1:]
    program = last_line(re.sub(r"^=========.*$", "", text, flags=re.M))
    clean = bool(summary) and re.search(r"SUMMARY: 0 (errors|hazards)", summary[0])
    return status == 0 and bool(clean) and "No tests ran" not in text, "; ".join([*summary, program])


# --- the stages ---------------------------------------------------------------------------------------------------------
def gpu_tests(build):
    """(name, command, environment) of the tests that ctest labels gpu."""
    listing = json.loads(subprocess.run(["ctest", "--test-dir", build, "-L", "^gpu$", "--show-only=json-v1"],
                                        stdout=subprocess.PIPE, check=True).stdout)
    for test in listing["tests"]:
        properties = {entry["name"]: entry["value"] for entry in test["properties"]}
        environment = dict(pair.split("=", 1) for pair in properties.get("ENVIRONMENT", []))
        yield re.sub(r"\.on_gpu$", "", test["name"]), test["command"], environment


def find_sanitizer():
    beside = [os.path.join(os.path.dirname(os.path.realpath(nvcc)), folder) for nvcc in [os.environ.get("CUDACXX") or "nvcc"]
              for folder in (".", "../compute-sanitizer")]
    return shutil.which("compute-sanitizer", path=os.pathsep.join([os.environ["PATH"], *beside, "/usr/local/cuda/bin"]))


def stages(build, results):
    ctest = ["ctest", "--test-dir", os.path.relpath(build, ROOT), "--output-on-failure", "--no-tests=error", "--timeout", "500"]
    yield Stage("tests without-gpu", [*ctest, "-LE", "tree|gpu", "-j", str(os.cpu_count())], verdict=verdict_of_ctest(may_skip=True))
    yield Stage("tests on-gpu", [*ctest, "-L", "^gpu$"], verdict=verdict_of_ctest(may_skip=False))
    sanitizer = find_sanitizer() or "compute-sanitizer"
    tests = list(gpu_tests(build))
    for check in CHECKS:
        options = ["--tool", check, "--error-exitcode", "9", "--target-processes", "all"]
        if check == "memcheck":
            options += ["--report-api-errors", "no"]  # tests ask for more memory than there is, on purpose
        for name, command, environment in tests:
            yield Stage(f"{check} {name}", [sanitizer, *options, *command], environment, verdict_of_sanitizer)
    report = ["python3", "benchmarks/gpu_report.py", os.path.relpath(build, ROOT), os.path.relpath(results, ROOT)]
    for section in gpu_report.SECTIONS:
        yield Stage(f"benchmarks {section}", [*report, "--section", section])


def run(stage, limit, log):
    """(passed, summary) of the stage; its output goes to the file `log`."""
    start = time.monotonic()
    with open(log, "w+") as output:
        print(stage.shell_line(), file=output, flush=True)
        try:
            process = subprocess.Popen(stage.command, cwd=ROOT, env={**os.environ, **stage.environment}, stdout=output,
                                       stderr=subprocess.STDOUT, preexec_fn=os.setpgrp)
            try:
                status = process.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
                status = None
        except FileNotFoundError as error:
            return False, f"not run: there is no {error.filename}", 0
        output.seek(0)
        text = output.read().split("\n", 1)[1]
    seconds = round(time.monotonic() - start)
    if status is None:
        return False, f"stopped after {limit} s", seconds
    return (*stage.verdict(status, text), seconds)


# --- the page -----------------------------------------------------------------------------------------------------------
def hash_of_sources():
    total = hashlib.sha256()
    for top in SOURCES:
        path = os.path.join(ROOT, top)
        files = [path] if os.path.isfile(path) else sorted(
            os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
            if name.endswith((".h", ".cpp", ".cu", ".py", ".txt", ".cmake", ".map")))
        for file in files:
            if "__pycache__" not in file:
                with open(file, "rb") as source:
                    total.update(os.path.relpath(file, ROOT).encode() + b"\0" + source.read())
    return total.hexdigest()[:12]


def ask_gpu(*fields):
    answer = subprocess.run(["nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    return [field.strip() for field in answer.splitlines()[0].split(",")]


class Page:
    """RESULTS/<gpu>.md: a head, and a table with a row for each stage. What others write below the table stays."""

    def __init__(self, folder):
        self.gpu, self.driver, self.capability, memory = ask_gpu("name", "driver_version", "compute_cap", "memory.total")
        self.memory = memory
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, re.sub(r"[^a-z0-9]+", "-", self.gpu.lower()).strip("-") + ".md")

    def rows(self):
        """{stage: row}, and what stands around the table."""
        if not os.path.exists(self.path):
            return {}, self.head(), ""
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        if HEADING not in text:  # so far others' sections only, below a title
            return {}, self.head(), text[re.search(r"^## |\Z", text, re.M).start():]
        _, rest = text.split(HEADING, 1)
        table = re.match(r"(?:\|.*\n)*", rest).group()
        return {row.split("|")[1].strip(): row for row in table.splitlines()}, self.head(), rest[len(table):].lstrip("\n")

    def head(self):
        release = subprocess.run([os.environ.get("CUDACXX") or "nvcc", "--version"], stdout=subprocess.PIPE, text=True)
        release = re.search(r"release ([\d.]+)", release.stdout)
        return (f"# {self.gpu}\n\nCompute capability {self.capability}, {self.memory}, driver {self.driver}, CUDA "
                f"{release.group(1) if release else '?'}, {os.cpu_count()} cores. Written by `./dev gpu`, stage by stage;\nthe "
                "commands are for the root of the sources.\n\n")

    def has(self, stage, sources):
        row = self.rows()[0].get(stage.name, "")
        return sources in row and "| ok: " in row

    def record(self, stage, passed, summary, seconds, sources):
        rows, head, below = self.rows()
        summary = summary.replace("|", "/")
        rows[stage.name] = (f"| {stage.name} | {'ok' if passed else 'FAILED'}: {summary} | {seconds} | {sources} | "
                            f"`{stage.again()}` |")
        text = head + HEADING + "".join(row + "\n" for row in rows.values()) + ("\n" + below if below else "")
        with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(self.path), delete=False, encoding="utf-8") as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, self.path)


def main():
    parser = argparse.ArgumentParser(prog="./dev gpu", description="Runs on a GPU what only a GPU can tell.")
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("results", help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help="the stages, and which are done; runs nothing")
    parser.add_argument("--stage", action="append", metavar="NAME", help="only the stages whose name begins so; may be repeated")
    parser.add_argument("--again", action="store_true", help="also the stages that are done")
    parser.add_argument("--limit", type=int, default=540, metavar="SECONDS", help="for one stage (%(default)s)")
    arguments = parser.parse_args()
    build, results = os.path.abspath(arguments.build), os.path.abspath(arguments.results)
    page, sources = Page(results), hash_of_sources()
    chosen = [stage for stage in stages(build, results)
              if not arguments.stage or any(stage.name.startswith(prefix) for prefix in arguments.stage)]
    if not chosen:
        sys.exit(f"error: no stage begins with {' or '.join(arguments.stage)}; ./dev gpu --list lists them")
    logs = os.path.join(build, "stages")
    os.makedirs(logs, exist_ok=True)
    failures = 0
    for stage in chosen:
        done = page.has(stage, sources)
        if arguments.list:
            print(f"{'done' if done else 'to do'}  {stage.name}")
        elif done and not arguments.again:
            print(f"{stage.name}: done before", flush=True)
        else:
            log = os.path.join(logs, stage.name.replace(" ", "-") + ".log")
            passed, summary, seconds = run(stage, arguments.limit, log)
            page.record(stage, passed, summary, seconds, sources)
            failures += not passed
            print(f"{stage.name}: {'ok' if passed else 'FAILED'}: {summary} ({seconds} s{'' if passed else '; ' + log})", flush=True)
    if not arguments.list:
        print(f"{len(chosen) - failures} of {len(chosen)} stages are ok; {os.path.relpath(page.path, ROOT)}")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
