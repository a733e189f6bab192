"""What ignore files name: text that is not for git or for other assistants is not read."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from engine.base.regular_file import NotReadable, read_regular_text

FILES = (
    ".gitignore", ".git/info/exclude", ".ignore", ".aiignore", ".aiexclude", ".cursorignore",
    ".codeiumignore", ".copilotignore",
    ".lacunaignore",
)  # fmt: skip
MOST_BYTES = 2**20
MOST_PATTERNS = 2_000
MOST_STARS = 4
"""Of a pattern: expressions with more of them take too long on names that were made for it."""
REMEMBERED, FOR_S = 2_000, 5.0
"""Files whose answer is kept, and for how long: ignore files change seldom, and keystrokes are
many."""
DEEPEST = 40
_STARS = re.compile(r"\*+")
EVERYTHING = GitIgnoreSpec.from_lines(["*"])


@dataclass
class IgnoreRules:
    """Asks the ignore files from the workspace's folder down to the file's, the deeper ones last as
    git does."""

    folders: Callable[[], Sequence[Path]]
    """Of the workspace."""
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[Path, tuple[float, bool]] = field(default_factory=OrderedDict)

    def ignored(self, path: Path) -> bool:
        """True when an ignore file names the file or a folder that it lies in."""
        now = self.clock()
        if path in self._known and now - self._known[path][0] <= FOR_S:
            return self._known[path][1]
        found = self._ask(path)
        self._known[path] = now, found
        self._known.move_to_end(path)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def _ask(self, path: Path) -> bool:
        root = self._root(path)
        return root is not None and ignored_below(root, path, ignore_specs)

    def _root(self, path: Path) -> Path | None:
        """The outermost workspace folder around a file, else the nearest folder above it that git
        manages."""
        around = [folder for folder in self.folders() if path.is_relative_to(folder)]
        if around:
            return min(around, key=lambda folder: len(folder.parts))
        for folder in list(path.parents)[:DEEPEST]:
            if (folder / ".git").exists():
                return folder
        return None


def ignored_below(
    root: Path,
    path: Path,
    specs: Callable[[Path], Sequence[GitIgnoreSpec]],
    is_folder: bool = False,
) -> bool:
    """True when an ignore file of ``root`` or of a folder between it and ``path`` names it; of
    several that say something the deepest counts, as with git. ``specs`` of a folder are those of
    its ignore files. What lies too deep for all of them to be asked counts as named."""
    parts = path.relative_to(root).parts
    if len(parts) > DEEPEST:
        return True
    ignored = False
    for depth in range(len(parts)):
        inside = "/".join(parts[depth:]) + "/" * is_folder
        for spec in specs(root.joinpath(*parts[:depth])):
            said = spec.check_file(inside).include
            ignored = ignored if said is None else said
    return ignored


def ignore_specs(folder: Path) -> list[GitIgnoreSpec]:
    """What the ignore files that stand in a folder say."""
    return [spec for name in FILES if (spec := _spec(folder, name)) is not None]


def _spec(folder: Path, name: str) -> GitIgnoreSpec | None:
    """What one file says. Where it cannot be read as a whole it may have named anything, so
    everything in the folder counts as named."""
    try:
        lines = read_regular_text(folder / name, MOST_BYTES, folder).splitlines()
    except FileNotFoundError:
        return None
    except NotReadable as exc:
        return None if isinstance(exc.__cause__, IsADirectoryError) else EVERYTHING
    if len(lines) > MOST_PATTERNS:
        return EVERYTHING
    good = []
    for line in filter(None, map(_affordable, lines)):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return GitIgnoreSpec.from_lines(good)


def _affordable(line: str) -> str:
    """A pattern with too many stars is cut after the last that is allowed: it names more then."""
    stars = list(_STARS.finditer(line))
    if len(stars) <= MOST_STARS:
        return line
    return "" if line.startswith("!") else line[: stars[MOST_STARS - 1].end()]
