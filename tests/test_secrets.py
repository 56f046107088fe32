"""Files of another user, and keys and passwords: errors say what helps."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from landmarkd.camera import make_source
from landmarkd.errors import AccessError, ExitCode
from landmarkd.receive import make_link
from landmarkd.sinks import make_sink
from landmarkd.web.drive import read_drive

from tests.wire.builders import session

NOBODY = 65534
HOST = "127.0.0.1:9"
SECRETS = {
    "sender's key": lambda at: make_sink(f"udp://{HOST}?key={at}", session()),
    "receiver's key": lambda at: make_link(f"udp://:0?key={at}"),
    "receiver's keys": lambda at: make_link(f"udp://:0?key={at.parent}"),
    "password": lambda at: make_sink(f"mqtt://{HOST}?user=me&password_file={at}", session()),
    "private key": lambda at: make_sink(f"mqtt://{HOST}?cert=/dev/null&key={at}", session()),
    "both": lambda at: make_sink(f"mqtt://{HOST}?cert={at}", session()),
    "camera's login": lambda at: make_source(f"http://{HOST}/?credentials={at}").open(),
}
RECORDINGS = {
    "listen": lambda at: make_link(f"lmk:{at}").open(),
    "report": read_drive,
}
OPEN = {
    "broker's authority": lambda at: make_sink(f"mqtt://{HOST}?ca={at}", session()),
    "certificate": lambda at: make_sink(f"mqtt://{HOST}?cert={at}&key=/dev/null", session()),
    "camera's authority": lambda at: make_source(f"https://{HOST}/?ca={at}").open(),
}


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file in a folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    file = folder / "car.key"
    file.write_text("00" * 32)
    file.chmod(0o600)
    yield file
    shutil.rmtree(folder)


@pytest.fixture
def shut_away(secret: Path) -> Iterator[Path]:
    """The same in a folder of a folder that only its owner may enter."""
    shut = secret.parent / "shut"
    (shut / "inner").mkdir(parents=True)
    copied = shutil.copy(secret, shut / "inner")
    shut.chmod(0)
    yield Path(copied)
    shut.chmod(0o700)


@pytest.fixture
def other(secret: Path) -> Iterator[str]:
    """Name of the user of the test, to whom the file belongs not."""
    # This user may not enter a clone in a private folder, so import the modules first.
    for module in ("camera.network", "sinks.udp", "sinks.mqtt", "receive.udp", "receive.recording"):
        import_module(f"landmarkd.{module}")
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(NOBODY)
    else:
        secret.chmod(0)
    yield pwd.getpwuid(os.geteuid()).pw_name
    if superuser:
        os.seteuid(0)


@pytest.mark.parametrize("take", SECRETS.values(), ids=SECRETS)
def test_others_may_not_read_it(secret: Path, take) -> None:
    secret.chmod(0o640)
    with pytest.raises(AccessError, match=f"others may read this secret; chmod 600 {secret}"):
        take(secret)


@pytest.mark.parametrize("take", SECRETS.values(), ids=SECRETS)
def test_what_root_made_has_to_be_given_to_the_user_of_the_service(
    secret: Path, other: str, take
) -> None:
    with pytest.raises(
        AccessError, match=f"{other} may not read .* chown {other} {secret}"
    ) as said:
        take(secret)
    assert said.value.exit_code == ExitCode.NO_PERMISSION
    assert "chmod" not in str(said.value)


@pytest.mark.parametrize("take", SECRETS.values(), ids=SECRETS)
def test_a_folder_that_is_shut_is_named(shut_away: Path, other: str, take) -> None:
    shut = shut_away.parents[1]
    with pytest.raises(AccessError, match=f"folder that {other} may enter, {shut} is none"):
        take(shut_away)


@pytest.mark.parametrize("suffix", [".lmk", ".jsonl"])
@pytest.mark.parametrize("take", RECORDINGS.values(), ids=RECORDINGS)
def test_a_recording_of_the_service_has_to_be_copied(
    shut_away: Path, other: str, take, suffix: str
) -> None:
    """Its state is for itself alone, so that no right of the file helps."""
    path = shut_away.with_suffix(suffix)
    remedy = rf"may not enter {path.parents[1]}.* sudo install -o {other} -m 600 {path} FOLDER$"
    with pytest.raises(AccessError, match=remedy):
        take(path)


@pytest.mark.parametrize("take", OPEN.values(), ids=OPEN)
def test_a_file_that_is_no_secret_may_be_read_by_all(secret: Path, other: str, take) -> None:
    del other
    with pytest.raises(AccessError, match=rf"sudo chmod a\+r {secret}"):
        take(secret)
