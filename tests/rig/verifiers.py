"""Two DKIM verifiers that have nothing in common with our signer nor with each other, both asking the tests' own DNS."""

import subprocess
from functools import cache

import dkim
import dns.message
import dns.query
import dns.rdatatype
import pytest

from tests.rig.nameserver import NameServer

_PERL = r"""
use strict; use warnings; use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS::Resolver;
my $port = shift @ARGV;
$Mail::DKIM::DNS::RESOLVER = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $port, recurse => 1);
my $verifier = Mail::DKIM::Verifier->new();
binmode STDIN;
while (<STDIN>) { $verifier->PRINT($_); }
$verifier->CLOSE;
my $found = $verifier->signature;
print join(' ', $verifier->result, $found ? $found->domain : '-', $found ? $found->selector : '-');
"""


@cache
def _has_perl() -> bool:
    try:
        return subprocess.run(["perl", "-MMail::DKIM", "-e", "1"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def need_perl() -> None:
    """Skip where Mail::DKIM is not installed."""
    if not _has_perl():
        pytest.skip("Mail::DKIM (libmail-dkim-perl) is not installed here")


def by_dkimpy(message: bytes, server: NameServer) -> bool:
    """Whether dkimpy, the one in Python, finds the signature good."""

    def text(name: bytes, timeout: int = 5) -> bytes | None:
        query = dns.message.make_query(name.decode(), "TXT")
        answer, _ = dns.query.udp_with_fallback(query, "127.0.0.1", timeout=timeout, port=server.port)
        found = [record for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for record in rrset]
        return b"".join(found[0].strings) if found else None

    return bool(dkim.verify(message, dnsfunc=text))


def by_perl(message: bytes, server: NameServer) -> str:
    """What Mail::DKIM, the one in Perl, says: result, domain and selector, such as `pass news.harbour-it.example tl1`."""
    line = ["perl", "-e", _PERL, str(server.port)]
    return subprocess.run(line, input=message, capture_output=True, check=True, timeout=30).stdout.decode()
