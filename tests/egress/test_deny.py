"""What may be connected to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.egress.deny import (
    DENIED,
    NONE,
    Permission,
    Permissions,
    check_address,
    check_url,
    why_denied,
)
from lantian.egress.spelling import as_ip, canonical_host
from lantian.errors import EgressRefused, Invalid

REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.255", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "link-local": ["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"],
    "metadata": ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
    "shared (carrier-grade NAT)": ["100.64.0.1", "100.127.255.255"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "protocol assignment": ["192.0.0.1", "192.0.0.9", "2001:1::1", "2001:20::1"],
    "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"],
    "6to4 relay": ["192.88.99.1"],
    "benchmark": ["198.18.0.1", "198.19.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "e000::1", "1000::1"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b:1::1"],
    "Teredo": ["2001:0:7f00:1::"],
    "6to4": ["2002:7f00:1::", "2002:808:808::"],
    "segment routing": ["5f00::1"],
    "unique local": ["fc00::1", "fdff::1"],
    "site-local": ["fec0::1", "feff::1"],
    "discard": ["100::1"],
}
PUBLIC = ["1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255"]
PUBLIC += ["2400:3200::1", "2600::1", "2a00::1", "::ffff:1.1.1.1", "168.63.129.17", "11.0.0.0"]


@pytest.mark.parametrize("ip, what", [(ip, what) for what, ips in REFUSED.items() for ip in ips])
def test_what_is_not_the_public_web_is_refused_by_the_name_of_its_group(ip: str, what: str) -> None:
    assert why_denied(ipaddress.ip_address(ip)) == what
    with pytest.raises(EgressRefused, match="is not connected to: its address is") as refused:
        check_address(ip, 80)
    assert "permission" in refused.value.hint


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_connected_to(ip: str) -> None:
    check_address(ip, 443)
    assert why_denied(ipaddress.ip_address(ip)) is None


@given(st.ip_addresses(v=4))
def test_an_address_that_maps_another_is_judged_as_that_other(ip: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{ip}")
    assert why_denied(mapped) == why_denied(ip)
    assert canonical_host(f"[{mapped}]") == str(ip)


@given(st.ip_addresses())
def test_nothing_that_python_calls_local_passes(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    local = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast
    assert not local or why_denied(ip) is not None


@given(st.integers(0, len(DENIED) - 1), st.data())
def test_every_address_of_a_denied_network_is_refused(number: int, data: st.DataObject) -> None:
    network = DENIED[number][0]
    offset = data.draw(st.integers(0, network.num_addresses - 1))
    assert why_denied(network[offset]) is not None


@given(st.ip_addresses(v=4), st.sampled_from(["dec", "hex", "oct", "parts", "short", "wide"]))
def test_every_spelling_of_an_address_is_that_address(
    ip: ipaddress.IPv4Address, spelling: str
) -> None:
    a, b, c, d = ip.packed
    written = {
        "dec": str(int(ip)),
        "hex": hex(int(ip)),
        "oct": f"0{int(ip):o}",
        "parts": f"0x{a:x}.0{b:o}.{c}.0X{d:02X}",
        "short": f"{a}.{int.from_bytes(ip.packed[1:])}",
        "wide": "。".join("".join(chr(ord(n) - 48 + 0xFF10) for n in str(p)) for p in (a, b, c, d)),
    }[spelling]
    assert canonical_host(written) == str(ip)


@given(st.text(max_size=40))
def test_a_host_is_read_once_and_for_all_or_refused(text: str) -> None:
    try:
        host = canonical_host(text)
    except EgressRefused:
        return
    assert host == (canonical_host(f"[{host}]") if ":" in host else canonical_host(host))
    assert host.isascii()
    assert as_ip(host) is not None or not host.rpartition(".")[2].isdigit()


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "a..b", "a b", "%00", "%ff", "a" * 64 + ".example"),
        *("256.1.1.1", "1.2.3.4.5", "127.0.0.08", "4294967296", "1.2.3.0x100", "9" * 5000),
        *("[::1", "::1]", "[127.0.0.1]", "[::1%lo]"),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(EgressRefused, match="is not connected to"):
        canonical_host(host)


@pytest.mark.parametrize(
    "url, host, port",
    [
        ("https://Shop.Example/x", "shop.example", 443),
        ("http://shop.example.:80/", "shop.example", 80),
        ("https://商标.example/", "xn--czr694b.example", 443),
        ("http://0x01010101/", "1.1.1.1", 80),
        ("http://[2400:3200::0001]/", "2400:3200::1", 80),
        ("http://foo_bar.example/?a=@b", "foo_bar.example", 80),
    ],
)
def test_the_public_web_is_read_as_it_is_meant(url: str, host: str, port: int) -> None:
    target = check_url(url)
    assert (target.host, target.port) == (host, port)


@pytest.mark.parametrize("port", [22, 25, 8080, 9200])
def test_other_ports_want_a_permission(port: int) -> None:
    with pytest.raises(EgressRefused, match="only ports 80 and 443") as refused:
        check_url(f"http://shop.example:{port}/")
    assert f"shop.example:{port}" in refused.value.hint
    permissions = Permissions.of([("shop.example", port)])
    assert check_url(f"http://shop.example:{port}/", permissions).port == port


def test_every_hostile_host_is_refused_before_anything_is_asked(hostile_hosts: list[str]) -> None:
    assert len(hostile_hosts) >= 60
    for host in hostile_hosts:
        with pytest.raises(EgressRefused):
            check_url(f"http://{host}/")


def test_a_permission_is_for_one_host_and_one_port() -> None:
    permissions = Permissions.of([("127.0.0.1", 8000)])
    for allowed in (
        "http://127.0.0.1:8000/x",
        "http://127.1:8000/",
        "http://[::ffff:7f00:1]:8000/",
    ):
        assert check_url(allowed, permissions).host == "127.0.0.1"
    for refused in ("http://127.0.0.1:8001/", "http://127.0.0.2:8000/", "http://localhost:8000/"):
        with pytest.raises(EgressRefused):
            check_url(refused, permissions)
    check_address("127.0.0.1", 8000, permissions)
    with pytest.raises(EgressRefused, match=r"shop\.example:8000 \(127\.0\.0\.1\)"):
        check_address("127.0.0.1", 8000, permissions, host="shop.example")


def test_a_permission_for_a_name_reaches_a_private_address_but_no_metadata() -> None:
    permissions = Permissions.of([("intranet.example", 80)])
    check_address("10.1.2.3", 80, permissions, host="intranet.example")
    for never in ("169.254.169.254", "100.100.100.200", "fe80::1", "224.0.0.1", "0.0.0.0"):
        with pytest.raises(EgressRefused):
            check_address(never, 80, permissions, host="intranet.example")


def test_own_networks_are_refused_like_the_list() -> None:
    permissions = Permissions.of(own_networks=["1.2.3.0/24", "2a00:1::/32"])
    with pytest.raises(EgressRefused, match="in a network of your own"):
        check_address("1.2.3.4", 443, permissions)
    with pytest.raises(EgressRefused, match="in a network of your own"):
        check_address("2a00:1::1", 443, permissions)
    check_address("1.2.4.4", 443, permissions)


def test_where_only_permitted_hosts_are_reached_the_public_web_is_refused() -> None:
    permissions = Permissions.of([("127.0.0.1", 8000)], only=True)
    check_url("http://127.0.0.1:8000/", permissions)
    for refused in ("https://shop.example/", "http://1.1.1.1/"):
        with pytest.raises(EgressRefused, match="with a permission"):
            check_url(refused, permissions)
    with pytest.raises(EgressRefused, match="with a permission"):
        check_address("1.1.1.1", 80, permissions, host="shop.example")


@pytest.mark.parametrize("text", ["127.0.0.1:8000", "Shop.Example:81", "[::1]:9", " a.example:1 "])
def test_a_permission_is_written_as_host_and_port(text: str) -> None:
    permission = Permission.parse(text)
    assert Permissions.of([permission]).grants(permission.host, permission.port)


@pytest.mark.parametrize("text", ["", "shop.example", "shop.example:", "shop.example:99999", ":80"])
def test_what_is_no_permission_is_named(text: str) -> None:
    with pytest.raises(Invalid, match="names no host and port"):
        Permission.parse(text)


def test_without_permission_nothing_is_granted() -> None:
    assert not NONE.grants("127.0.0.1", 80)
