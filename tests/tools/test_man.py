"""The manual pages hold every command, and of each command every option with its help."""

import re
import shutil
from pathlib import Path

import pytest

from tools import man

pytestmark = pytest.mark.skipif(shutil.which("help2man") is None, reason="needs help2man")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("man")


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, str]:
    """Name of a page => its text without the marks of roff."""
    read = {}
    for page in man.write(folder):
        text = re.sub(r"\\f[BIRP]|\\[,/&]", "", page.read_text()).replace("\\-", "-")
        read[page.stem] = " ".join(text.replace("\\e", "\\").split())
    return read


def test_each_command_has_a_page_and_no_page_is_left_over(pages: dict[str, str]) -> None:
    names = ["-".join(("landmarkd", *words)) for words, _ in man.commands()]
    assert list(pages) == names
    assert {"landmarkd", "landmarkd-run", "landmarkd-config-check"} <= set(names)


def test_a_page_names_its_command_and_what_it_is_for(pages: dict[str, str]) -> None:
    for words, purpose in man.commands():
        name = "-".join(("landmarkd", *words))
        assert purpose
        assert purpose in pages[name]


def test_the_first_page_lists_the_commands_and_the_exit_codes(pages: dict[str, str]) -> None:
    for words, purpose in man.commands():
        if len(words) == 1:
            assert f"{words[0]} {purpose}" in pages["landmarkd"]
    assert ".B 77 no permission" in pages["landmarkd"]


def test_every_option_stands_in_the_page_with_its_help(pages: dict[str, str]) -> None:
    for words, command in man.tree():
        text = pages["-".join(("landmarkd", *words))]
        for parameter in command.params:
            for option in (name for name in parameter.opts if name.startswith("-")):
                assert option in text, (words, option)
            if help_text := getattr(parameter, "help", None):
                assert " ".join(help_text.split()).rstrip(".") in text, (words, help_text)
