"""What the reports share: programs that take turns, and numbers as text."""
import json
import subprocess
import tempfile


class Contender:
    """A program that times a round of a case when it is told a name."""

    def __init__(self, command):
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints, text=True)
        line = self.process.stdout.readline()
        self.facts = json.loads(line) if line.startswith("{") else None  # who it is; none: it ended

    def ask(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        return json.loads(answer) if answer else {"error": "it ended: " + self.last_words()}

    def last_words(self):
        self.process.wait()
        self.complaints.seek(0)
        lines = self.complaints.read().strip().splitlines()
        said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")] or lines[-1:]
        return "".join(said[-1:]) or f"status {self.process.returncode}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def number(value):
    """Three digits that count, and all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
