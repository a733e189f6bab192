"""Runs as a program of its own, without our packages: reads another program and executes it in
namespaces of its own.

User, mount, process, network and IPC namespaces of Linux: the program sees a root of its own with
Python's library and the system's, read-only, a small folder for temporary files, no network, no
other processes, and it has no privileges. A filter refuses the system calls by which it could start
programs, or take memory that no limit counts. It is the child of the first process of its
namespace, so when that ends, it ends.

    jail.py SECONDS MEGABYTES ROOT|-        standard input: length of the program (8 bytes), the
                                            program, a secret

When the program's last line has run, and not when it exits in any other way, the secret is written
to standard output. ROOT is an empty folder to build the root in; ``-`` executes without a jail.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from typing import Any

NEW = {
    "user": 0x10000000,
    "mount": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
}
BIND, RECURSIVE, PRIVATE, REMOUNT, READ_ONLY, NO_SUID, NO_DEV, DETACH = (
    4096,
    16384,
    1 << 18,
    32,
    1,
    2,
    4,
    2,
)
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPSET = {"x86_64": 126, "aarch64": 91}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED = {
    "x86_64": (
        *(57, 58, 59, 322),  # fork, vfork, execve, execveat
        *(
            41,
            29,
            64,
            68,
            240,
        ),  # socket; shmget, semget, msgget, mq_open: memory that no limit sees
        *(319, 447, 323),  # memfd_create, memfd_secret, userfaultfd
        *(272, 308, 161, 165, 166, 155, *range(428, 433), 442),  # namespaces and mounts
        *(101, 310, 311, 438),  # ptrace, process_vm_readv, process_vm_writev, pidfd_getfd
        *(425, 426, 427, 321, 298, 304),  # io_uring, bpf, perf_event_open, open_by_handle_at
        *(248, 249, 250),  # keys, which no namespace separates
    ),
    "aarch64": (
        *(221, 281, 198, 194, 190, 186, 180, 279, 447, 282),
        *(97, 268, 51, 40, 39, 41, *range(428, 433), 442),
        *(117, 270, 271, 438, 425, 426, 427, 280, 241, 265, 217, 218, 219),
    ),
}
"""Calls that no program of a benchmark needs, in the order above: what would give it memory beyond
the limit, processes, privileges in a namespace of its own, or parts of the kernel that often had
holes."""
CLONE, CLONE_3, THREAD = {"x86_64": 56, "aarch64": 220}, 435, 0x00010000
NOBODY = 65534
PROCESSES, OPEN_FILES, FILE_BYTES = 16, 64, 8 << 20
libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def mount(
    source: str | None,
    target: str,
    kind: str | None = None,
    flags: int = 0,
    data: str | None = None,
) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    call("mount", *texts, ctypes.c_ulong(flags), None if data is None else os.fsencode(data))


def enter_namespaces() -> None:
    """New namespaces; their user 0 is who started this, and where that is root their user 1 is
    nobody."""
    user, group = os.geteuid(), os.getegid()
    ready, done = os.pipe(), os.pipe()
    me = os.getpid()
    helper = os.fork()
    if helper == 0:  # stays outside, where more than one user may be mapped
        os.read(ready[0], 1)
        try:
            if user == 0:
                write(f"/proc/{me}/uid_map", f"0 0 1\n1 {NOBODY} 1\n")
                write(f"/proc/{me}/gid_map", f"0 0 1\n1 {NOBODY} 1\n")
            else:
                write(f"/proc/{me}/setgroups", "deny")
                write(f"/proc/{me}/uid_map", f"0 {user} 1\n")
                write(f"/proc/{me}/gid_map", f"0 {group} 1\n")
        except OSError:
            os._exit(1)
        os.write(done[1], b".")
        os._exit(0)
    flags = 0
    for flag in NEW.values():
        flags |= flag
    call("unshare", flags)
    os.write(ready[1], b".")
    if os.waitpid(helper, 0)[1] != 0:
        raise OSError(1, "users cannot be mapped")
    for descriptor in (*ready, *done):
        os.close(descriptor)


def build_root(root: str) -> None:
    mount(None, "/", None, RECURSIVE | PRIVATE)
    mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEV, "size=16m,mode=755")
    library = os.path.realpath(os.path.dirname(os.__file__))
    wanted = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
    wanted += [os.path.realpath(sys.base_prefix) + "/lib", library]
    for path in dict.fromkeys(wanted):
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.isdir(path):
            os.makedirs(root + path, exist_ok=True)
            mount(path, root + path, None, BIND | RECURSIVE)
    os.makedirs(root + "/tmp")
    old = root + "/old"
    os.makedirs(old)
    for target in mounted_below(root):
        kept = os.statvfs(target).f_flag & (
            2 | 4 | 8 | 1024 | 2048
        )  # what an outer namespace locked must stay
        if target != root:
            mount(None, target, None, BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEV | kept)
    small = "size=16m,nr_inodes=1000,mode=1777"
    mount("tmpfs", root + "/tmp", "tmpfs", NO_SUID | NO_DEV, small)
    os.chdir(root)
    if libc.syscall(PIVOT_ROOT[platform.machine()], b".", b"old") != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    os.chdir("/")
    call("umount2", b"/old", DETACH)
    os.rmdir("/old")
    mount(None, "/", None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV)
    os.chdir("/tmp")


def mounted_below(root: str) -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        points = [line.split()[4] for line in lines]
    return [point.encode().decode("unicode_escape") for point in points if point.startswith(root)]


def drop_privileges(root_outside: bool) -> None:
    if root_outside:
        os.setgroups([])
        os.setresgid(1, 1, 1)
        os.setresuid(1, 1, 1)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if libc.syscall(CAPSET[platform.machine()], header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    call("prctl", 38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS


def filter_calls() -> None:
    """Refuse system calls (seccomp): those above, and processes that are no threads of this one."""
    machine = platform.machine()
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allowed, refused, unknown, killed = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
    code = [(load, 0, 0, 4), (equal, 1, 0, ARCHITECTURE[machine]), (answer, 0, 0, killed)]
    code += [(load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (answer, 0, 0, refused)]
    # Without clone3, whose flags a filter cannot see, libraries take clone.
    code += [(equal, 0, 1, CLONE_3), (answer, 0, 0, unknown)]
    for number in REFUSED[machine]:
        code += [(equal, 0, 1, number), (answer, 0, 0, refused)]
    code += [(equal, 0, 3, CLONE[machine]), (load, 0, 0, 16), (any_bit, 1, 0, THREAD)]
    code += [(answer, 0, 0, refused), (answer, 0, 0, allowed)]
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    call("prctl", 22, 2, ctypes.c_char_p(program), 0, 0)  # PR_SET_SECCOMP, a filter


def limit(seconds: int, megabytes: int) -> None:
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        resource.setrlimit(kind, (most, most))


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def read_exactly(count: int) -> bytes:
    data = b""
    while len(data) < count and (more := os.read(0, count - len(data))):
        data += more
    return data


def execute(
    program: bytes, read: Any = os.read, put: Any = os.write, leave: Any = os._exit
) -> None:
    """Ends the process. The functions are taken now: the program may put others in their places."""
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    except SystemExit as exc:
        sys.stderr.write(f"SystemExit: {exc.code} before its last line\n")
        sys.stderr.flush()
        leave(3)
    put(1, read(0, 64))
    leave(0)


def main() -> None:
    seconds, megabytes, root = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    program = read_exactly(int.from_bytes(read_exactly(8), "little"))
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: not without the one who asked
    if root == "-":
        limit(seconds, megabytes)
        execute(program)
    root_outside = os.geteuid() == 0
    try:
        enter_namespaces()
        first = os.fork()
        if first:
            os._exit(min(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) % 256, 255))
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        build_root(root)
    except (OSError, KeyError) as exc:
        sys.stderr.write(f"no jail: {exc}\n")
        sys.stderr.flush()
        os._exit(125)
    second = os.fork()
    if second:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]) % 256)
    try:
        drop_privileges(root_outside)
        limit(seconds, megabytes)
        filter_calls()
    except (OSError, KeyError) as exc:
        sys.stderr.write(f"no jail: {exc}\n")
        sys.stderr.flush()
        os._exit(125)
    execute(program)


if __name__ == "__main__":
    main()
