"""What the tests of the installed package share: running a command, and asking pkg-config."""
import glob
import os
import subprocess
import sys


def run(*command, **options):
    """The command's output; ends the test with it when the command fails."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode:
        sys.exit(f"error: {' '.join(command)} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout


def pkg_config_flags(prefix, package="cairn"):
    """The compiler's arguments for a program that uses the package installed under the prefix."""
    found = glob.glob(os.path.join(prefix, "**", package + ".pc"), recursive=True)
    if len(found) != 1:
        sys.exit(f"error: {prefix} holds {len(found)} files {package}.pc, and should hold one")
    return run("pkg-config", "--cflags", "--libs", package, env={**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found[0])}).split()
