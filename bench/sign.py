"""How many RSA-2048 signatures this machine can make: the limit beside which signed sending is measured.

OpenSSL's own command measures it, so that none of our code stands between the figure and the machine.
"""

import os
import re
import subprocess

_LINE = re.compile(r"^rsa\s*2048 bits\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)\s", re.MULTILINE)


def capacity(seconds: float = 3) -> float:
    """RSA-2048 signatures a second over all cores, measured for `seconds` (at least one). Raises OSError where openssl is not installed."""
    asked = [
        "openssl",
        "speed",
        "-seconds",
        str(max(1, round(seconds))),
        "-multi",
        str(os.cpu_count() or 1),
        "rsa2048",
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30 + 10 * seconds, check=True)
    found = _LINE.search(done.stdout)
    if found is None:
        raise ValueError("openssl speed printed no line for RSA-2048.")
    return float(found[1])


if __name__ == "__main__":
    print(f"{capacity():.0f} signatures/s over {os.cpu_count()} cores")
