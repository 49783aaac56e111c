from pathlib import Path

import pytest

from compositor.drawlist import FrameSize
from control_plane.frame_sizes import parse_size
from control_plane.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("CAPSULECAST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_defaults_listen_on_loopback_only() -> None:
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert (settings.port, settings.grpc_port) == (8080, 50051)
    assert settings.size == FrameSize(512, 512)
    assert settings.stun == ""


@pytest.mark.skipif("sys.platform != 'linux'", reason="other platforms have other folders")
def test_folders_follow_the_xdg_convention(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.cache_dir == tmp_path / "cache" / "capsulecast"
    expected = f"sqlite:///{tmp_path / 'data' / 'capsulecast' / 'capsulecast.sqlite'}"
    assert settings.database == expected


def test_nothing_is_created_by_reading_settings(tmp_path: Path) -> None:
    load_settings()
    assert list(tmp_path.iterdir()) == []


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSULECAST_GRPC_PORT", "0")
    monkeypatch.setenv("CAPSULECAST_SIZE", "640x360")
    monkeypatch.setenv("CAPSULECAST_STUN", "stun:two.example:3478")
    monkeypatch.setenv("CAPSULECAST_ALLOWED_HOSTS", "one.example, two.example")
    monkeypatch.setenv("CAPSULECAST_REPLY", "off")
    settings = load_settings()
    assert settings.grpc_port == 0
    assert settings.size == FrameSize(640, 360)
    assert settings.stun == "stun:two.example:3478"
    assert settings.allowed_hosts == ("one.example", "two.example")
    assert not settings.reply


def test_flag_wins_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSULECAST_FPS", "24")
    assert load_settings({"fps": "60"}).fps == 60


def test_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSULECAST_SEED", "")
    assert load_settings().seed is None


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("fps", "0", "greater than or equal to 1"),
        ("fps", "61", "less than or equal to 60"),
        ("port", "65536", "less than or equal to 65535"),
        ("size", "512", "WIDTHxHEIGHT"),
        ("size", "511x512", "even"),
        ("size", "64x64", "128 to 1920"),
        ("backend", "cuda", "'auto', 'gpu' or 'cpu'"),
        ("seed", "-1", "greater than or equal to 0"),
        ("seed", str(2**64), "less than"),
        ("stun", "stun.example.org", "stun:HOST"),
        ("stun", "stun:one.example,stun:two.example", "one server"),
        ("stun", "stuns:one.example", "stun:HOST"),
        ("allowed_hosts", "https://example.org", "avatar.example.org"),
        ("allowed_origins", "example.org", "https://example.org"),
        ("idle_timeout_s", "nan", "finite number"),
        ("library", "/no/such/folder", "no such file or folder"),
        ("backgrounds", __file__, "no such folder"),
        ("size", "banner", "corner, bubble, panel, square"),
    ],
)
def test_bad_value_is_refused_in_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, field: str, value: str, expected: str
) -> None:
    variable = f"CAPSULECAST_{field.upper()}"
    with pytest.raises(SettingsError, match="cannot use") as of_flag:
        load_settings({field: value})
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match="cannot use") as of_variable:
        load_settings()
    for error, name in ((of_flag, f"--{field.replace('_', '-')}: "), (of_variable, variable)):
        message = str(error.value)
        assert message.startswith(name)
        assert value in message
        assert expected in message
        assert "\n" not in message


def test_certificate_without_key_is_refused(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.touch()
    with pytest.raises(SettingsError, match="tls_cert and tls_key must be given together"):
        load_settings({"tls_cert": str(cert)})


def test_password_is_in_neither_repr_nor_errors() -> None:
    settings = load_settings({"database": "postgresql://user:secret@host/name"})
    assert settings.database == "postgresql+psycopg://user:secret@host/name"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "oracle://user:secret@host/name",
        "oracle://user:se/secret@host/name",
        "oracle://user:se@secret@host/name",
        "oracle:user:secret@host",
        "postgresql://[secret",
    ],
)
def test_bad_database_url_is_not_told(url: str) -> None:
    with pytest.raises(SettingsError, match="--database: cannot use this URL: ") as error:
        load_settings({"database": url})
    assert "secret" not in str(error.value)


def test_size_is_read_in_any_case() -> None:
    assert parse_size(" 1920X1080 ") == FrameSize(1920, 1080)


def test_texture_cache_has_a_least_and_a_most() -> None:
    assert load_settings().cache_mb == 256
    assert load_settings({"cache_mb": "8"}).cache_mb == 8
    assert load_settings({"cache_mb": 65_536}).cache_mb == 65_536
    for bad in (7, 65_537, "much"):
        with pytest.raises(SettingsError, match="--cache-mb"):
            load_settings({"cache_mb": bad})
