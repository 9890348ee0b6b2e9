"""`python -m cli` is `throughline`."""

from cli import main

main()
