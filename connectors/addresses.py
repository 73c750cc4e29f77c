"""Which network addresses an outward call may reach: the guard against being sent inside our own network.

In: a host name from the workspace or from an answer. Out: socket addresses to connect to as they are, without a
second look-up, or `ConnectorError`. Public addresses are always fine. Private, unique-local, shared and loopback ones
need `private_network: true` on the connection. Link-local, metadata, multicast and reserved ones are never fine, nor
are they inside an IPv6 address that stands for one of IPv4 (mapped, compatible, translated, tunnelled).
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from typing import Any

from connectors.base import ConnectorError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
    )
)
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_RESERVED_BUT_GLOBAL = ipaddress.IPv6Network("fec0::/10")
# IPv4-compatible, and IPv4-translated of RFC 2765: the last 32 bits are an IPv4 address.
_ENDS_IN_IPV4 = (*_NAT64, ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("::ffff:0:0:0/96"))
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
# Set aside by IANA; how many of them the interpreter knows depends on its release.
_SET_ASIDE = tuple(
    ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")
)


def reachable(
    host: str, port: int, *, connection: str, private_network: bool, timeout: float
) -> list[SocketAddress]:
    """The addresses of a host that a connection may call. `timeout` in seconds bounds the look-up."""
    allowed: list[SocketAddress] = []
    refused = ""
    for family, where in _look_up(host, port, connection, timeout):
        reason = refusal(str(where[0]), private_network=private_network)
        if reason is None:
            allowed.append((family, where))
        refused = refused or (reason or "")
    if not allowed:
        raise ConnectorError(f"{connection}: {host} leads to {refused}", retryable=False)
    return allowed


def refusal(text: str, *, private_network: bool) -> str | None:
    """Why an address may not be called, with the mend; none when it may."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return f"{text}, which is no network address"
    for inner in (address, *_embedded(address)):
        if _never(inner):
            return f"{text}, an address of the machine or the network itself, which is never called"
        if not _global(inner) and not private_network:
            return (
                f"{text}, a private address: set `private_network: true` for this connection if that is meant"
            )
    return None


def _global(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _SET_ASIDE)


def _never(address: Address) -> bool:
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        # ::1 counts as reserved, and so do mapped and NAT64 addresses, which are judged by what is inside.
        return address in _RESERVED_BUT_GLOBAL
    return address.is_reserved


def _embedded(address: Address) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address.is_loopback or address.is_unspecified:
        return []
    tunnelled = int(address) >> 32 & 0xFFFFFFFF in _ISATAP
    if tunnelled or any(address in network for network in _ENDS_IN_IPV4):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]


def _look_up(host: str, port: int, connection: str, timeout: float) -> list[SocketAddress]:
    """Resolve in a thread of its own: the resolver has no deadline, and a call must have one."""
    answers: queue.SimpleQueue[list[SocketAddress] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([(family, where) for family, _, _, _, where in found])
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    threading.Thread(target=ask, daemon=True, name=f"look-up {host}").start()
    try:
        found = answers.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise ConnectorError(f"{connection}: looking up {host} took too long", retryable=True) from None
    if isinstance(found, Exception):
        raise ConnectorError(f"{connection}: the name {host} cannot be looked up", retryable=True)
    return found
