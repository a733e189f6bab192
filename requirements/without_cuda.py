"""A lock without torch and what only its CUDA build needs, 3 GB.

``python without_cuda.py LOCK OUT`` writes the rest with its hashes and prints the version of torch;
which build of it is installed, the machine decides.
"""

import re
import sys
from pathlib import Path

_PACKAGE = re.compile(r"(?m)^(?=[a-z0-9])")
_CUDA = re.compile(r"(torch|triton|nvidia-|cuda-)[a-z0-9-]*[\[=]")

packages = _PACKAGE.split(Path(sys.argv[1]).read_text())
Path(sys.argv[2]).write_text("".join(p for p in packages if not _CUDA.match(p)))
sys.stdout.write(next(p.split()[0] for p in packages if p.startswith("torch==")) + "\n")
