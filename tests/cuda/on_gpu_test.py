#!/usr/bin/env python3
"""Runs on_gpu.py where there is no GPU: with an nvidia-smi and a compute-sanitizer that only say what theirs would, over
a build folder of two tests, and reads the page it writes.

usage: on_gpu_test.py ON_GPU
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

NVIDIA_SMI = """#!/bin/sh
echo "NVIDIA Test 100, 580.1, 9.0, 1000 MiB"
"""
SANITIZER = """#!/bin/sh
tool=$2
while [ "${1#--}" != "$1" ]; do shift 2; done
[ $tool = synccheck ] && { echo started > %(folder)s/slow; sleep 5; }
"$@" || exit
[ $tool = racecheck ] && { echo "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"; exit 9; }
echo "========= ERROR SUMMARY: 0 errors"
"""
TESTS = """
add_test(core.on_gpu "/bin/echo" "All tests passed (2 assertions in 1 test case)")
set_tests_properties(core.on_gpu PROPERTIES LABELS gpu ENVIRONMENT "CAIRN_TEST_BACKEND=/plugin")
add_test(core "/bin/sh" "-c" "exit 77")
set_tests_properties(core PROPERTIES SKIP_RETURN_CODE 77)
"""


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def expect(condition, what, *shown):
    if not condition:
        sys.exit("\n".join([f"error: {what}", *map(str, shown)]))


def main():
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "nvidia-smi"), NVIDIA_SMI)
        write(os.path.join(folder, "compute-sanitizer"), SANITIZER % {"folder": folder})
        build, results = os.path.join(folder, "build"), os.path.join(folder, "results")
        os.mkdir(build)
        write(os.path.join(build, "CTestTestfile.cmake"), TESTS)
        command = [sys.executable, sys.argv[1], build, results]
        environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}

        def on_gpu(*options):
            result = subprocess.run([*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return result.returncode, result.stdout

        def page():
            with open(os.path.join(results, "nvidia-test-100.md")) as file:
                return file.read()

        status, text = on_gpu("--list")
        expect(status == 0 and "to do  tests on-gpu\n" in text and "to do  racecheck core\n" in text, "the stages are not listed", text)

        status, text = on_gpu("--stage", "tests", "--stage", "memcheck")
        expect(status == 0 and "3 of 3 stages are ok" in text, "the first stages fail", text)
        expect("| tests on-gpu | ok: 1 passed, 0 failed, 0 skipped |" in page(), "the tests are not recorded", page())
        expect("| memcheck core | ok: ERROR SUMMARY: 0 errors; All tests passed" in page(), "memcheck is not recorded", page())
        expect("| `./dev gpu --again --stage 'memcheck core'` |" in page(), "the page does not say how to run it again", page())
        with open(os.path.join(build, "stages", "memcheck-core.log")) as log:
            expect("CAIRN_TEST_BACKEND=/plugin" in log.readline(), "the log does not begin with the command")

        status, text = on_gpu("--stage", "memcheck", "--stage", "racecheck")
        expect(status == 1 and "memcheck core: done before" in text, "what is done is done again", text)
        expect("| racecheck core | FAILED: RACECHECK SUMMARY: 1 hazard" in page(), "a hazard is not recorded", page())
        status, text = on_gpu("--list")
        expect("to do  racecheck core\n" in text and "done  memcheck core\n" in text, "what failed counts as done", text)

        write(os.path.join(results, "nvidia-test-100.md"), page() + "\n## Figures\n\nOf another's.\n")
        cut_off = subprocess.Popen([*command, "--stage", "initcheck", "--stage", "synccheck"], env=environment,
                                   stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 60
        while not os.path.exists(os.path.join(folder, "slow")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(cut_off.pid, signal.SIGKILL)
        cut_off.wait()
        expect("| initcheck core | ok:" in page() and "| memcheck core | ok:" in page(), "being cut off loses results", page())
        expect("synccheck" not in page() and "Of another's.\n" in page(), "the page is not what it was", page())

        status, text = on_gpu("--stage", "synccheck", "--limit", "1")
        expect(status == 1 and "| synccheck core | FAILED: stopped after 1 s |" in page(), "a stage has no limit", text, page())
        write(os.path.join(build, "CTestTestfile.cmake"), TESTS.replace('"/bin/echo" "All tests', '"/bin/sh" "-c" "exit 77" "All tests')
              + "set_tests_properties(core.on_gpu PROPERTIES SKIP_RETURN_CODE 77)\n")
        status, text = on_gpu("--stage", "tests on-gpu", "--again")
        expect(status == 1 and "| tests on-gpu | FAILED: 0 passed, 0 failed, 1 skipped |" in page(), "a skipped test passes on a GPU", text)
        status, text = on_gpu("--stage", "memchek")
        expect(status == 1 and "--list" in text, "an unknown stage is accepted", text)
    print("as expected")


main()
