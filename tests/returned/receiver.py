"""Receivers: one in a process of its own, which can be killed, and one on a thread of the test, which is there at once."""

import asyncio
import os
import smtplib
import subprocess
import sys
import threading
from dataclasses import replace

from app.settings import Settings
from tests.rig.processes import until
from worker import receive
from worker.valkey import free_port


class _Receiver:
    """Where it listens, and how to reach it."""

    def __init__(self, where: str = "") -> None:
        self.port = free_port()
        self.where = where or f"smtp:127.0.0.1:{self.port}"

    def connect(self) -> smtplib.SMTP:
        """A fresh connection that has said hello."""
        server = smtplib.SMTP("127.0.0.1", self.port, timeout=20)
        server.ehlo("mx.example")
        return server


class OnThread(_Receiver):
    """The receiver's own code, on a thread."""

    def __init__(self, settings: Settings, where: str = "") -> None:
        super().__init__(where)
        self._settings = replace(settings, bounce_listen=self.where)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _run(self) -> None:
        server, handler = await receive.listen(self._settings)
        self._ready.set()
        async with server:
            await self._stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)
        handler.close()

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()


class Running(_Receiver):
    """`throughline worker receive` on this application's database."""

    def __init__(self, settings: Settings, where: str = "") -> None:
        super().__init__(where)
        environ = {
            **os.environ,
            "ENVIRONMENT": "test",
            "SECRET_KEY": settings.secret_key,
            "SUPPRESSION_KEY": settings.suppression_key,
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "LOG_LEVEL": "error",
            "BOUNCE_LISTEN": self.where,
        }
        command = [sys.executable, "-m", "cli", "worker", "receive"]
        self.process = subprocess.Popen(command, env=environ)
        assert until(self._answers, 60)

    def _answers(self) -> bool:
        try:
            self.connect().quit()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
