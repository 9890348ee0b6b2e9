"""`throughline dkim`: the key that campaign mail is signed with, and what belongs in the DNS."""

import os
from pathlib import Path

import click

from app.delivery.dkim import signer_for
from app.errors import Invalid
from cli import context


@click.group()
def dkim() -> None:
    """Signing campaign mail ourselves: make a key, print its DNS record."""


@dkim.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def key(path: Path) -> None:
    """Write a new private key (RSA, 2048 bits) to PATH, which must not exist yet."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Invalid(f"{path} can’t be written: {error.strerror}.") from None
    with os.fdopen(number, "wb") as file:
        file.write(pem)
    click.echo(f"The key is in {path}. Set DKIM_KEY to it and DKIM_DOMAIN to the sender’s domain.")


@dkim.command()
def record() -> None:
    """Print the TXT record that receivers look for, as it stands in a zone file."""
    signer = signer_for(context.settings())
    if signer is None:
        raise Invalid("Nothing is signed here: DKIM_DOMAIN and DKIM_KEY are not set.")
    name, text = signer.dns_record()
    strings = " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
    click.echo(f"{name}. TXT {strings}")
