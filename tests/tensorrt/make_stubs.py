"""Write typing stubs of TensorRT-RTX's bindings, which have none, and mend what no type checker can
read in them.

    python tests/tensorrt/make_stubs.py FOLDER

The stubs are NVIDIA's docstrings and signatures: made again where they are needed, never committed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BINDINGS = "tensorrt_rtx_bindings.tensorrt_rtx"


def main(folder: Path) -> None:
    command = [sys.executable, "-m", "pybind11_stubgen", BINDINGS, "-o", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    raw = folder / "tensorrt_rtx_bindings" / "tensorrt_rtx.pyi"
    text = raw.read_text("utf-8").replace(BINDINGS, "tensorrt_rtx")
    text = re.sub(r"\bin: ", "in_: ", text)  # a keyword as the name of a parameter
    text = re.sub(
        r"(def add_scale_nd\(.*?), channel_axis: ([\w.]+)\)", r"\1, channel_axis: \2 = ...)", text
    )
    # What the bindings take and give beyond their signatures: tuples for Dims, memory that bytes()
    # reads.
    text = re.sub(r"((?:min|opt|max|shape): )Dims\b", r"\1Dims | tuple[int, ...]", text)
    text = re.sub(
        r"(class IHostMemory.*:\n)",
        r"\1    def __buffer__(self, flags: int, /) -> memoryview: ...\n",
        text,
    )
    (folder / "tensorrt_rtx.pyi").write_text(
        "# mypy: ignore-errors\n__version__: str\n" + text, "utf-8"
    )
    raw.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
