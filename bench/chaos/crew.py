"""The sending processes of one installation, `python -m bench.chaos.crew`: started and restarted by the product's own supervisor.

As `throughline up` does it, without the web server: workers and the beat, their output in the data directory's logs.
"""

import os

from cli.up import programs
from worker import environment
from worker.supervisor import Supervisor


def main() -> None:
    """Run until SIGTERM."""
    settings = environment.load(os.environ)
    sending = [each for each in programs(settings) if each.name == "beat" or each.name.startswith("worker-")]
    Supervisor(sending, dict(os.environ), settings.data_dir / "log").run()


if __name__ == "__main__":
    main()
