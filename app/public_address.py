"""Whether an IP address is one that anybody on the internet could reach: the only kind we ask on other people's behalf.

`ipaddress.is_global` alone is not enough: it calls multicast global, and IPv6 addresses that only wrap a private IPv4 one.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IP = IPv4Address | IPv6Address

# Reachable from inside a machine room alone, or relays into one, though the registries call them global.
_NEVER_4 = tuple(
    IPv4Network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; some clouds serve credentials here
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's machine service
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NEVER_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo and ORCHID among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


def parsed(text: str) -> IP:
    """The address, an IPv4 one that is mapped into IPv6 taken out. Raises ValueError for what is none."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: IP) -> bool:
    """Whether it is a public unicast address (RFC 6890 and the IANA registries); in doubt it is not."""
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in _NEVER_4)
        )
    return address.is_global and address in _PUBLIC_6 and not any(address in network for network in _NEVER_6)
