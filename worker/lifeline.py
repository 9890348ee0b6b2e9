"""No process outlives the one that started it, even when that one is killed without a word.

Linux does it for us (PR_SET_PDEATHSIG); elsewhere a thread of the child looks whether its parent is still there.
"""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def bind(parent: int) -> None:
    """Between fork and exec, or after a fork: have the kernel kill this process when `parent`, which forked it, dies (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew of our wish
            os.kill(os.getpid(), signal.SIGKILL)


def hold(parent: int | None = None) -> None:
    """In a running child: die with the parent. `parent` is its process id where the caller knows it, against a race at the start."""
    expected = parent or os.getppid()
    bind(expected)
    if _libc is None:
        threading.Thread(target=_watch, args=(expected,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
