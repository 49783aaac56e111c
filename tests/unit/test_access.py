from pathlib import Path

import pytest

from control_plane.access import Access, open_access, peer_host
from control_plane.errors import PermissionDeniedError, UnauthenticatedError
from control_plane.settings import SettingsError, load_settings

TOKEN = "0123456789abcdef0123"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "localhost"])
def test_without_a_token_this_machine_may_pass(host: str) -> None:
    Access().check(None, host)
    Access().check("Bearer whatever", host)


@pytest.mark.parametrize("host", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "", "nonsense"])
def test_without_a_token_nobody_else_may(host: str) -> None:
    with pytest.raises(PermissionDeniedError, match="access_token"):
        Access().check("Bearer whatever", host)


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN} "])
def test_with_a_token_whoever_has_it_may_pass(host: str, authorization: str) -> None:
    Access(TOKEN).check(authorization, host)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \N{GRINNING FACE}",
    ],
)
def test_with_a_token_nobody_passes_without_it(authorization: str | None) -> None:
    with pytest.raises(UnauthenticatedError) as error:
        Access(TOKEN).check(authorization, "127.0.0.1")
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:127.0.0.1:50123", "127.0.0.1"),
        ("ipv6:%5B::1%5D:50123", "::1"),
        ("ipv6:[2001:db8::1]:50123", "2001:db8::1"),
        ("unix:/run/x.sock", "localhost"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_peers_of_grpc_have_hosts(peer: str, host: str) -> None:
    assert peer_host(peer) == host


def test_the_token_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    for access in (
        open_access(load_settings({"access_token": TOKEN})),
        open_access(load_settings({"access_token_file": str(file)})),
    ):
        access.check(f"Bearer {TOKEN}", "192.0.2.7")
    monkeypatch.setenv("CAPSULECAST_ACCESS_TOKEN", TOKEN)
    assert open_access(load_settings()).by_token
    with pytest.raises(SettingsError, match="cannot both be given"):
        load_settings({"access_token_file": str(file)})


@pytest.mark.parametrize("token", ["short", "with space 0123456789", "secret\N{EURO SIGN}" * 5])
def test_a_token_that_is_none_is_refused_and_not_told(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"access_token": token})
    assert "16 to 512" in str(error.value)
    assert token not in str(error.value)
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(SettingsError) as error:
        open_access(load_settings({"access_token_file": str(file)}))
    assert str(file) in str(error.value)
    assert token not in str(error.value)


def test_settings_do_not_show_the_token() -> None:
    settings = load_settings({"access_token": TOKEN})
    assert TOKEN not in repr(settings)
    assert TOKEN not in str(settings.model_dump())
