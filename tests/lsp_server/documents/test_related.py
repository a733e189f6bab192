"""Related context is what else is open, never what may be secret."""

import pytest
from lsprotocol import types

from engine.text.secret_files import secret_name
from lsp_server.documents.document import DocumentStore
from lsp_server.documents.recent_edits import MOST_EDITS, RecentEdits
from lsp_server.documents.related import MOST, MOST_CHARS, REMEMBERED, RelatedContext


def related_snippets(document, store, recent, notebook_seen=False, folders=()):
    return RelatedContext(store, recent, lambda: list(folders)).snippets(document, notebook_seen)


def opened(*names):
    store = DocumentStore()
    for name in names:
        language = "python" if name.endswith(".py") else "markdown"
        store.open(
            types.TextDocumentItem(
                uri=f"file:///project/src/{name}", language_id=language, version=1, text=name
            )
        )
    return store


def test_other_documents_of_the_language_come_first_and_the_last_changed_before_them():
    store = opened("a.py", "b.md", "c.py", "d.py")
    here = store.get("file:///project/src/a.py")
    identifier = types.VersionedTextDocumentIdentifier(uri="file:///project/src/c.py", version=2)
    change = types.TextDocumentContentChangeWholeDocument(text="changed")
    store.change(identifier, [change])
    found = related_snippets(here, store, RecentEdits())
    assert [(s.path, s.text) for s in found] == [
        ("src/c.py", "changed"),
        ("src/d.py", "d.py"),
        ("src/b.md", "b.md"),
    ]


def test_no_more_than_a_few_documents_are_read():
    store = opened(*(f"{i}.py" for i in range(20)))
    assert (
        len(related_snippets(store.get("file:///project/src/0.py"), store, RecentEdits())) == MOST
    )


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        "x/.netrc",
        "id_rsa",
        "id_ed25519.pub",
        "server.pem",
        "a.KEY",
        "my_secrets.toml",
        "%2Eenv",
    ],
)
def test_files_that_may_hold_secrets_are_not_read(name):
    store = opened("a.py", name)
    assert related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits()) == ()


@pytest.mark.parametrize(
    "name", ["environment.py", "keyboard.py", "a/environ/b.py", "tokens.py", "monkey.md"]
)
def test_ordinary_files_are_no_secrets(name):
    assert not secret_name(f"/project/{name}")


def test_cells_of_the_same_notebook_come_before_other_files():
    store = opened("x.py", "y.py")
    for number, language in enumerate(("markdown", "python", "python")):
        uri = f"vscode-notebook-cell:/project/a.ipynb#{number}"
        store.open(
            types.TextDocumentItem(uri=uri, language_id=language, version=1, text=f"cell {number}")
        )
    store.open(
        types.TextDocumentItem(
            uri="file:///project/src/z.py", language_id="python", version=1, text="z"
        )
    )
    cell = store.get("vscode-notebook-cell:/project/a.ipynb#2")
    assert [s.text for s in related_snippets(cell, store, RecentEdits())] == [
        "cell 1",
        "cell 0",
        "z",
        "y.py",
        "x.py",
    ]
    seen = related_snippets(cell, store, RecentEdits(), notebook_seen=True)
    assert [s.text for s in seen] == ["z", "y.py", "x.py"]


def edit(store, name, version, line, text):
    uri, start = f"file:///project/src/{name}", types.Position(line, 0)
    change = types.TextDocumentContentChangePartial(range=types.Range(start, start), text=text)
    store.change(types.VersionedTextDocumentIdentifier(uri=uri, version=version), [change])


def test_recent_edits_outlive_their_document_and_are_no_copies_of_what_is_open():
    store, recent = opened("a.py", "b.py", ".env"), RecentEdits()
    store.on_edit.append(recent.edited)
    edit(store, "b.py", 2, 0, "rate = 3\n")
    edit(store, ".env", 2, 0, "TOKEN=1\n")
    here = store.get("file:///project/src/a.py")
    assert [s.text for s in related_snippets(here, store, recent)] == ["rate = 3\nb.py"]
    store.close("file:///project/src/b.py")
    store.close("file:///project/src/.env")
    assert [(s.path, s.text) for s in related_snippets(here, store, recent)] == [
        ("src/b.py", "rate = 3\nb.py")
    ]


def test_an_edit_near_another_replaces_it_and_only_the_latest_are_kept():
    store, recent = opened("a.py"), RecentEdits()
    store.on_edit.append(recent.edited)
    lines = "".join(f"line {i}\n" for i in range(400))
    edit(store, "a.py", 2, 0, lines)
    for number, line in enumerate((100, 102, 101, 300), 3):
        edit(store, "a.py", number, line, "x\n")
    edits = recent.beyond(set())
    assert [edit.line for edit in edits] == [300, 101, 0] and edits[1].text.count("x\n") == 3
    for number in range(MOST_EDITS + 4):
        edit(store, "a.py", number + 9, number * 15, "y\n")
    assert len(recent.beyond(set())) == MOST_EDITS


@pytest.mark.parametrize(
    "name",
    [
        "prod.env", "terraform.tfvars", "kubeconfig", ".docker/config.json",
        "service-account.json", ".htpasswd", ".bash_history",
        ".aws/config", ".ssh/config", "terraform.tfstate.backup", "x.ppk", "auth.json",
        "secrets/db.yaml", "fish_history", "a;b.env",
    ],
)  # fmt: skip
def test_names_of_files_that_hold_secrets(name):
    store = opened("a.py", name)
    assert related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits()) == ()


SECRETS = [
    'db_user = "admin"\ndb_pass_value = "hunter2-zebra-quartz"\n', "DB_PASSWORD=hunter22\n",
    "token: abcdef123456\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "url = 'postgres://bob:pa55word@db/x'\n",
    "AKIAABCDEFGHIJKLMNOP\n",
    "ghp_" + "a1B2" * 9, "user:$apr1$abcd$efgh\n", '{"private_key": "x"}',
    "Authorization: Bearer abcdefghijkl1234\n",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_a_text_with_a_secret_in_it_is_not_read_whatever_its_name(text):
    store, recent = opened("a.py", "notes.md"), RecentEdits()
    store.on_edit.append(recent.edited)
    edit(store, "notes.md", 2, 0, text)
    here = store.get("file:///project/src/a.py")
    assert related_snippets(here, store, recent) == ()
    store.close("file:///project/src/notes.md")
    assert related_snippets(here, store, recent) == ()  # nor as a recent edit


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password(user1)\n",
        'token = "identifier"\n',
        "author: John2000x\n",
        "keyword = tokens[3]\n",
        'url = "http://a.b/c@d"\n',
    ],
)
def test_ordinary_text_about_secrets_is_read(text):
    store = opened("a.py", "b.py")
    edit(store, "b.py", 2, 0, text)
    assert len(related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits())) == 1


def on_disk(folder, files, links=()):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, target in dict(links).items():
        (folder / name).symlink_to(target)


def seen(folder, *names, folders=None):
    """Names of the files that are read beside another one."""
    store = DocumentStore()
    for name in ("here.py", *names):
        uri = (folder / name).as_uri()
        store.open(types.TextDocumentItem(uri=uri, language_id="python", version=1, text=name))
    here = store.get((folder / "here.py").as_uri())
    return {
        s.text
        for s in related_snippets(
            here, store, RecentEdits(), folders=[folder] if folders is None else folders
        )
    }


def test_what_an_ignore_file_names_is_not_read(tmp_path):
    on_disk(tmp_path, {
        ".gitignore": "*.local\nbuild/\n!kept.local\n", ".cursorignore": "private/**\n",
        "sub/.gitignore": "only.py\n",
        ".aiignore": "a*a*a*a*a*a*a*a*b\n[\n",
    })  # fmt: skip
    names = [
        "x.local",
        "kept.local",
        "build/y.py",
        "private/deep/z.py",
        "sub/only.py",
        "only.py",
        "a" * 200,
    ]
    # The pattern with too many stars is cut short, and names the long name too.
    assert seen(tmp_path, *names) == {"kept.local", "only.py"}


def test_a_link_out_of_the_workspace_or_to_a_secret_is_not_followed(tmp_path):
    work = tmp_path / "work"
    on_disk(tmp_path, {"work/a.py": "", "work/prod.env": "", "out/b.py": ""})
    links = {
        "inside.py": work / "a.py",
        "outside.py": tmp_path / "out" / "b.py",
        "env.py": work / "prod.env",
        "loop.py": "loop.py",
    }
    on_disk(work, {}, links)
    assert seen(work, "a.py", *links) == {"a.py", "inside.py"}


def test_a_document_too_long_to_be_looked_through_is_no_context():
    store = opened("a.py", "b.py")
    edit(store, "b.py", 2, 0, "x = 1\n" * 100_000)
    assert related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits()) == ()


def test_of_a_large_paste_little_is_kept_once_its_document_is_closed():
    store, recent = opened("a.py", "b.py"), RecentEdits()
    store.on_edit.append(recent.edited)
    edit(store, "b.py", 2, 0, "lorem ipsum\n" * 100_000)
    store.close("file:///project/src/b.py")
    [kept] = recent.beyond(set())
    assert kept.text.startswith("lorem") and len(kept.text) <= 4_000


@pytest.fixture
def context():
    return RelatedContext(DocumentStore(), RecentEdits(), list)


def test_a_text_is_looked_through_again_as_soon_as_it_has_changed(context):
    assert context.readable("file:///notes.md", "nothing here\n")
    assert not context.readable("file:///notes.md", "DB_PASSWORD=hunter22\n")
    assert context.readable("file:///notes.md", "nothing here\n")


def test_a_value_without_quotes_is_an_expression_in_code_and_a_secret_elsewhere(context):
    text = "password = hunter22\n"
    assert context.readable("file:///a.py", text, "python")
    assert not context.readable("file:///a.md", text, "markdown")
    assert not context.readable("file:///a.md", text)


def test_other_documents_are_looked_through_as_what_their_language_is():
    store = DocumentStore()
    for name, language in (("here.md", "markdown"), ("a.py", "python"), ("b.md", "markdown")):
        text = "password = hunter22\n"
        store.open(types.TextDocumentItem(f"file:///{name}", language, 1, text))
    found = related_snippets(store.get("file:///here.md"), store, RecentEdits())
    assert [s.path for s in found] == ["a.py"]


def test_a_text_with_half_a_surrogate_pair_is_looked_through(context):
    assert context.readable("file:///a.md", "half a pair: \ud83d\n")
    assert not context.readable("file:///a.md", "\ud83d DB_PASSWORD=hunter22\n")


def test_a_secret_is_known_by_its_address_as_well_as_by_its_path(context):
    assert not context.readable("untitled:x?/project/.env", "x\n")
    assert not context.readable("vscode-vfs://host/project/%2Eenv", "x\n")


def test_a_text_of_just_the_greatest_length_is_read(context):
    assert context.readable("file:///a.md", "x" * MOST_CHARS)
    assert not context.readable("file:///a.md", "x" * (MOST_CHARS + 1))


def test_of_the_texts_that_were_looked_through_the_latest_are_remembered(monkeypatch):
    looked_through = []

    def look(text, language):
        looked_through.append(text)
        return False

    monkeypatch.setattr("lsp_server.documents.related.secret_content", look)
    context = RelatedContext(DocumentStore(), RecentEdits(), list)
    texts = [f"text {i}" for i in range(REMEMBERED)]
    for text in [*texts, texts[0], "one more", texts[0], texts[1]]:
        context.readable("file:///a.md", text)
    assert looked_through == [*texts, "one more", texts[1]]


@pytest.mark.parametrize(
    ("name", "path"),
    [("deep/er/x.py", "er/x.py"), ("/x.py", "x.py"), ("/XX/x.py", "XX/x.py"), ("/x/", "x/")],
)
def test_a_snippet_is_called_by_the_last_two_parts_of_its_path(name, path):
    store = opened("a.py")
    uri = f"untitled:{name}"
    store.open(types.TextDocumentItem(uri=uri, language_id="python", version=1, text="x"))
    [snippet] = related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits())
    assert snippet.path == path


def test_other_cells_are_shown_unless_they_are_said_to_be_part_of_the_text():
    store = opened("a.py", "b.py")
    context = RelatedContext(store, RecentEdits(), list)
    assert len(context.snippets(store.get("file:///project/src/a.py"))) == 1
    for number in (0, 1):
        uri = f"vscode-notebook-cell:/project/c.ipynb#{number}"
        store.open(types.TextDocumentItem(uri, "python", 1, f"cell {number}"))
    found = context.snippets(store.get("vscode-notebook-cell:/project/c.ipynb#0"))
    assert found[0].text == "cell 1"
