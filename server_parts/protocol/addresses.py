"""Addresses and networks as a person writes them. Pure."""

from __future__ import annotations

import ipaddress


def network_of(text: str) -> str | None:
    """The network that is meant, of one address if it is only that; None if it is no address."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            return str(ipaddress.ip_network((int(mapped), network.prefixlen - 96), strict=False))
    return str(network)
