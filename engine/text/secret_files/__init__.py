"""Which files may be read as text to learn from or to show to the model, and which hold secrets.

A file is left out by its name (keys, credentials, environments, histories), by its content (private
keys, tokens of well-known services, literal passwords), by ignore files, or because it is a link or
no regular file. These rules have one home, here; the language server and training both ask it.
"""

from engine.text.secret_files.content import secret_content
from engine.text.secret_files.folder import readable_files
from engine.text.secret_files.ignore_rules import IgnoreRules
from engine.text.secret_files.names import secret_name

__all__ = ["IgnoreRules", "readable_files", "secret_content", "secret_name"]
