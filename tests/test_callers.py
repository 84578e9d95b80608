"""Whose requests are counted together: proxies that are trusted, and everybody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_service.errors import ConfigurationError, TooManyRequests
from gis_service.settings import Settings, read_settings
from gis_service.web.callers import client_address
from gis_service.web.limits import Limits
from gis_service.web.principal import Identity

ADDRESSES = ("127.0.0.1", "10.0.0.2", "10.9.0.1", "192.168.1.7", "8.8.8.8", "2001:db8::1", "::1")


def asked(host: str | None, *forwarded: str) -> dict[str, object]:
    return {
        "type": "http",
        "path": "/collections",
        "headers": [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded],
        "client": (host, 1) if host else None,
    }


def trusting(settings: Settings, networks: str) -> Settings:
    return settings.model_copy(update={"trusted_proxies": networks})


@pytest.mark.parametrize(
    ("host", "forwarded", "caller"),
    [
        ("8.8.8.8", ["1.1.1.1"], "8.8.8.8"),
        ("10.0.0.2", ["1.1.1.1"], "10.0.0.2"),
        ("192.168.1.7", ["127.0.0.1"], "192.168.1.7"),
        ("127.0.0.1", ["1.1.1.1, 8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["8.8.8.8", "127.0.0.1"], "8.8.8.8"),
        ("127.0.0.1", ["8.8.8.8, 10.0.0.2"], "10.0.0.2"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["1.1.1.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("::1", ["2001:4860:1:2:3::4"], "2001:4860:1:2::/64"),
        ("2001:4860:1:2::9", [], "2001:4860:1:2::/64"),
        ("::ffff:8.8.8.8", [], "8.8.8.8"),
        ("testclient", ["8.8.8.8"], "unknown"),
        (None, [], "unknown"),
    ],
)
def test_by_default_only_this_machine_forwards(
    settings: Settings, host: str | None, forwarded: list[str], caller: str
) -> None:
    assert client_address(asked(host, *forwarded), settings.trusted_networks) == caller


def test_a_chain_of_trusted_proxies_is_followed_to_the_first_stranger(settings: Settings) -> None:
    trusted = trusting(settings, "10.0.0.0/16, 192.168.1.7").trusted_networks
    chain = asked("10.0.0.2", "1.1.1.1, 10.9.0.1, 192.168.1.7", "10.0.3.3")
    assert client_address(chain, trusted) == "10.9.0.1"
    assert client_address(asked("127.0.0.1", "8.8.8.8"), trusted) == "127.0.0.1"
    assert client_address(asked("10.0.0.2", "10.0.0.9"), trusted) == "10.0.0.9"


@given(
    host=st.sampled_from(ADDRESSES),
    forwarded=st.lists(st.text(st.sampled_from("0123456789.:, abcx"), max_size=40), max_size=3),
)
def test_nobody_outside_changes_whose_requests_are_counted(
    settings: Settings, host: str, forwarded: list[str]
) -> None:
    trusted = trusting(settings, "10.0.0.0/16").trusted_networks
    if host == "10.0.0.2":
        through = asked(host, *forwarded, "8.8.4.4")
        assert client_address(through, trusted) == "8.8.4.4"
    else:
        plain = client_address(asked(host), trusted)
        assert client_address(asked(host, *forwarded), trusted) == plain


def test_a_neighbour_does_not_escape_its_limit_by_what_it_forwards(settings: Settings) -> None:
    limits = Limits(settings.model_copy(update={"public_rate": 0.1}))
    limits.check(asked("10.0.0.2", "8.8.8.1"), Identity())
    for forwarded in ("8.8.8.2", "127.0.0.1", ""):
        with pytest.raises(TooManyRequests):
            limits.check(asked("10.0.0.2", forwarded), Identity())


@pytest.mark.parametrize("networks", ["nonsense", "10.0.0.1/8", "10.0.0.0/40"])
def test_networks_that_are_none_are_refused_by_name(networks: str) -> None:
    with pytest.raises(ConfigurationError, match="GIS_TRUSTED_PROXIES"):
        read_settings(trusted_proxies=networks)


def test_no_proxy_at_all_can_be_trusted() -> None:
    assert read_settings(trusted_proxies="").trusted_networks == ()
