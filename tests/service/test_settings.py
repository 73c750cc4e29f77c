"""Settings: read from three places, checked at once, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Environment, Settings, SettingsError, load


def problems(home: Path, **process: str) -> str:
    """All that is wrong with these settings, as one text."""
    with pytest.raises(SettingsError) as caught:
        load(home, process)
    return str(caught.value)


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    """An empty environment gives a working installation: SQLite and a private Redis under var, on the loopback."""
    settings = load(tmp_path, {})
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 8080, "info")
    assert settings.database_url == f"sqlite:///{tmp_path.resolve()}/var/accord.db"
    assert (settings.redis_url, settings.public_url, settings.api_token) == (None, None, None)
    assert settings.local_url == "http://127.0.0.1:8080"


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """Sessions and links survive a restart: the key is made at the first start and read afterwards, by its owner."""
    first, second = load(tmp_path, {}), load(tmp_path, {})
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_everything_wrong_is_listed_at_once(tmp_path: Path) -> None:
    """The operator mends all of it in one go: every name, what is wrong, what is allowed. No value is repeated."""
    text = problems(
        tmp_path,
        PORT="80x",
        LOG_LEVEL="loud",
        SECRET_KEY="too-short-key",
        ACCORD_API_TOKEN="hunter2",
        DATABASE_URL="mysql://u:pw-of-mysql@db/x",
        REDIS_URL="http://cache",
        PUBLIC_URL="accord.example",
    )
    lines = text.splitlines()
    names = ["PORT", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ACCORD_API_TOKEN", "PUBLIC_URL", "LOG_LEVEL"]
    assert [line.partition(":")[0] for line in lines] == names
    for value in ("80x", "loud", "too-short-key", "hunter2", "pw-of-mysql"):
        assert value not in text
    assert "1 to 65535" in text
    assert "debug, info, warning, error" in text


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8080.0", "٨٠", "9" * 5000])
def test_ports_are_whole_numbers_in_range(tmp_path: Path, port: str) -> None:
    """Also digits of other scripts and absurd lengths are refused in words, not by a traceback."""
    assert problems(tmp_path, PORT=port).startswith("PORT:")


def test_the_process_wins_over_the_file(tmp_path: Path) -> None:
    """`.env` fills in what the environment does not say; an empty variable says nothing."""
    file = tmp_path / ".env"
    file.write_text("# ports\nexport PORT=9000\nHOST='0.0.0.0' # all\nLOG_LEVEL=debug\n", encoding="utf-8")
    file.chmod(0o600)
    settings = load(tmp_path, {"PORT": "9001", "LOG_LEVEL": ""})
    assert (settings.port, settings.host, settings.log_level) == (9001, "0.0.0.0", "debug")
    assert settings.local_url == "http://127.0.0.1:9001"


def test_a_file_of_secrets_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A leaky `.env` stops the start and the error has the command that mends it."""
    file = tmp_path / ".env"
    file.write_text("JIRA_TOKEN=x\n", encoding="utf-8")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in problems(tmp_path)


def test_a_line_that_is_no_setting_is_named_by_number(tmp_path: Path) -> None:
    """A typing error in `.env` is told with file and line, without the line's content."""
    file = tmp_path / ".env"
    file.write_text('A=1\nhunter2 oops\nB="open\n', encoding="utf-8")
    file.chmod(0o600)
    text = problems(tmp_path)
    assert f"{file}:2:" in text
    assert f"{file}:3:" in text
    assert "hunter2" not in text


def test_quotes_in_the_file_keep_spaces_and_hashes(tmp_path: Path) -> None:
    """Values are read as a shell would, without expanding anything."""
    file = tmp_path / ".env"
    file.write_text("A='one # two'\nB=\"a b\"  # why\nC=plain # why\nD=p#q\nE=$HOME\nF=\n", encoding="utf-8")
    file.chmod(0o600)
    environment = Environment(tmp_path, {})
    values = {name: environment.get(name) for name in "ABCDEF"}
    assert values == {"A": "one # two", "B": "a b", "C": "plain", "D": "p#q", "E": "$HOME", "F": None}


def test_a_secret_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    """NAME_FILE is how containers hand over secrets; the line's end is not part of it."""
    (tmp_path / "token").write_text("a-token-of-24-characters\n", encoding="utf-8")
    settings = load(tmp_path, {"ACCORD_API_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.api_token == "a-token-of-24-characters"


def test_a_secret_set_twice_or_unreadable_is_an_error(tmp_path: Path) -> None:
    """Two sources that may disagree, or a file that is not there, are named instead of guessed about."""
    assert "set twice" in problems(tmp_path, SECRET_KEY="x" * 40, SECRET_KEY_FILE="key")
    assert "SECRET_KEY_FILE: cannot read" in problems(tmp_path, SECRET_KEY_FILE="nowhere")


def test_hosting_addresses_get_the_driver_that_is_shipped(tmp_path: Path) -> None:
    """`postgres://`, as providers hand it out, works as it is."""
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = load(tmp_path, {"DATABASE_URL": f"{scheme}://u:p@db:5432/accord"})
        assert settings.database_url == "postgresql+psycopg://u:p@db:5432/accord"


def test_settings_never_show_their_secrets(tmp_path: Path) -> None:
    """A settings object in a log line or a traceback gives nothing away."""
    settings = load(
        tmp_path,
        {
            "SECRET_KEY": "k" * 40,
            "ACCORD_API_TOKEN": "t" * 20,
            "DATABASE_URL": "postgresql://u:pw-of-db@db/x",
            "REDIS_URL": "redis://:pw-of-redis@cache/0",
        },
    )
    assert isinstance(settings, Settings)
    for secret in ("k" * 40, "t" * 20, "pw-of-db", "pw-of-redis"):
        assert secret not in repr(settings)


def test_a_missing_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    """A mistyped ACCORD_HOME is told with the path that was looked at."""
    assert f"accord init {tmp_path / 'nowhere'}" in problems(tmp_path / "nowhere")
