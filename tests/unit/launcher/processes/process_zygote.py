"""
Forks real processes of the command line quickly, run as a script by `process_world`.

It imports everything once, reads jobs as JSON lines on stdin and forks for each: a process of
its own, with its own folder, environment, files, signals and ledger's connection, that runs
`dialform.cli.main.main` as it is. What happens to a process is done from outside of the product:

- ``at`` names a function of the product; when it is called or returns, the process is sent
  SIGKILL or other signals, or from there on every write to a file by that thread fails (a
  seccomp filter: the kernel itself answers with the error);
- ``largest`` is the size that no file may exceed, from the start;
- ``polls`` are the seconds between looks at a live call, which the engine takes as an argument
  and no command line says: nobody waits here for calls that last minutes;
- ``clock`` is a file with the seconds by which the wall's clock is wrong, which somebody may
  change while it runs; ``terminal`` is a terminal that it belongs to; ``ignores`` are signals
  that it was started with as ignored.

A line with ``signal`` sends one to a job's process. A line on stdout says how each ended.
"""

from __future__ import annotations

import ctypes
import dis
import errno
import importlib
import json
import mmap
import os
import pkgutil
import platform
import resource
import select
import signal
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FrameType

_offset: mmap.mmap | None = None
_real_time = time.time


def _wall() -> float:
    """The wall's clock, as wrong as somebody has set it."""
    wrong = 0.0 if _offset is None else struct.unpack("d", _offset[:8])[0]
    return _real_time() + float(wrong)


if __name__ == "__main__":  # before the product is imported: what its machine's clock is
    time.time = _wall

_ENDS = tuple(dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in dis.opmap)
_GENERATOR = 0x20 | 0x80 | 0x200  # generators and coroutines: each await is a return to Python

_WRITES = {
    "x86_64": (0xC000003E, {"pwrite64": 18, "fsync": 74, "fdatasync": 75, "ftruncate": 77}),
    "aarch64": (0xC00000B7, {"pwrite64": 68, "fsync": 82, "fdatasync": 83, "ftruncate": 46}),
}
"""The machine's name to its number for the kernel and those of the calls that write files."""


def code_of(name: str) -> CodeType:
    """The code of ``module:qualified.name``. Raises where there is no such function."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = vars(found)[part]
    found = getattr(found, "fget", found)
    code: CodeType = getattr(found, "__func__", found).__code__
    return code


def writes_fail(error: int, only: str | None = None) -> None:
    """Let each write of this thread to a file, or one kind of them, fail for good."""
    kernel, numbers = _WRITES[platform.machine()]
    if only is not None:
        numbers = {only: numbers[only]}
    load, equal, give = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, kernel), (give, 0, 0, 0x7FFF0000), (load, 0, 0, 0)]
    for at, number in enumerate(numbers.values()):
        program.append((equal, len(numbers) - at, 0, number))
    program += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050000 | error)]
    text = b"".join(struct.pack("HBBI", *one) for one in program)
    filters = ctypes.create_string_buffer(text, len(text))
    whole = struct.pack("HxxxxxxP", len(program), ctypes.addressof(filters))
    libc = ctypes.CDLL(None, use_errno=True)
    for asked in ((38, 1, 0, 0, 0), (22, 2, ctypes.create_string_buffer(whole), 0, 0)):
        if libc.prctl(*asked) != 0:
            os.write(2, f"prctl {asked[0]}: {os.strerror(ctypes.get_errno())}\n".encode())
            os._exit(99)


class Watched:
    """Does something when a function is called or returns, the ``nth`` time."""

    def __init__(self, at: dict[str, Any]) -> None:
        self._code = code_of(at["code"])
        self._within = code_of(at["within"]) if at["within"] else None
        self._event = at["when"]
        self._count = at["nth"]
        self._does = at["does"].split()

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        """What Python calls for each call and return of this thread."""
        if frame.f_code is not self._code or event != self._event or self._count < 1:
            return
        if event == "return" and _only_waits(frame):
            return
        if self._within is not None and not _is_within(frame, self._within):
            return
        self._count -= 1
        if self._count == 0:
            for name in self._does:
                if name.startswith("SIG"):
                    os.kill(os.getpid(), signal.Signals[name])
                else:
                    error, _, only = name.partition(":")
                    writes_fail(getattr(errno, error), only or None)


def _only_waits(frame: FrameType) -> bool:
    """Whether a coroutine gives control away for a while."""
    code = frame.f_code
    return bool(code.co_flags & _GENERATOR) and code.co_code[frame.f_lasti] not in _ENDS


def _is_within(frame: FrameType, code: CodeType) -> bool:
    outer: FrameType | None = frame
    while outer is not None:
        if outer.f_code is code:
            return True
        outer = outer.f_back
    return False


def run(job: dict[str, Any]) -> None:
    """Be the process of a job. Does not return."""
    global _offset  # noqa: PLW0603 - the clock of this process
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it
        for name in job["ignores"]:
            signal.signal(signal.Signals[name], signal.SIG_IGN)
        os.setsid()
        if job["terminal"]:
            terminal = os.open(job["terminal"], os.O_RDWR)  # a leader without one gets it
            for handle in range(3):
                os.dup2(terminal, handle)
        else:
            for handle, path in enumerate((os.devnull, job["out"], job["err"])):
                how = os.O_WRONLY | os.O_CREAT if handle else os.O_RDONLY
                os.dup2(os.open(path, how, 0o600), handle)
        os.closerange(3, 64)
        sys.stdout.reconfigure(line_buffering=bool(job["terminal"]))  # type: ignore[union-attr]
        os.chdir(job["cwd"])
        os.environ.clear()
        os.environ.update(job["env"])
        if job["clock"]:
            with open(job["clock"], "r+b") as file:  # noqa: PTH123 - a path from the test
                _offset = mmap.mmap(file.fileno(), 8)
        if job["largest"] is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"],) * 2)
        from dialform.cli.main import main  # noqa: PLC0415 - after the clock
        from dialform.launcher.campaign import Engine  # noqa: PLC0415

        defaults = Engine.__init__.__kwdefaults__ or {}
        assert "polls" in defaults
        defaults["polls"] = job["polls"]

        if job["at"]:
            watched = Watched(job["at"])
            threading.setprofile(watched)
            sys.setprofile(watched)
        code = main(job["arguments"])
        sys.setprofile(None)
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - a process ends with a traceback, never in the zygote
        import traceback  # noqa: PLC0415 - rarely

        traceback.print_exc()
    os._exit(code)


def warm_up() -> None:
    """Import what commands import when they run."""
    import dialform.cli  # noqa: PLC0415 - after the clock
    import dialform.launcher  # noqa: PLC0415
    import dialform.registry  # noqa: PLC0415

    for package in (dialform.launcher, dialform.registry):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    for name in (
        *("dialform.cli.launch", "dialform.cli.dial", "dialform.cli.progress"),
        *("dialform.cli.ledger", "dialform.cli.output", "dialform.cli.extras"),
        *("dialform.api.client", "dialform.api.fast", "phonenumbers.timezone"),
        *("rich.live", "rich.console", "psycopg", "platformdirs", "encodings.idna"),
    ):
        importlib.import_module(name)


def serve() -> None:
    """Fork for each line of stdin until it ends."""
    warm_up()
    running: dict[int, tuple[int, int]] = {}
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    unread = b""
    while True:
        for handle, _ in waiting.poll():
            if handle == 0:
                data = os.read(0, 1 << 16)
                if not data:  # the tests are gone, however they ended
                    for _, child in running.values():
                        os.kill(child, signal.SIGKILL)
                    return
                *lines, unread = (unread + data).split(b"\n")
                for line in lines:
                    asked = json.loads(line)
                    if "signal" in asked:
                        _signal(running, asked)
                        continue
                    child = os.fork()
                    if child == 0:
                        run(asked)
                    ends = os.pidfd_open(child)
                    running[ends] = asked["id"], child
                    waiting.register(ends, select.POLLIN)
                continue
            name, child = running.pop(handle)
            waiting.unregister(handle)
            os.close(handle)
            _, status = os.waitpid(child, 0)
            _say(ended=name, code=os.waitstatus_to_exitcode(status))


def _signal(running: dict[int, tuple[int, int]], asked: dict[str, int]) -> None:
    """Send a signal to a process, unless it has ended; its id is its own until it is waited for."""
    for name, child in running.values():
        if name == asked["id"]:
            os.kill(child, asked["signal"])


def _say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    serve()
