"""Pictures of the gallery: a folder of pages comes in, PNG files at phone and desk width, light and dark, go out.

    python -m tests.browser.pictures FOLDER [NAME...]

Needs a Chromium on PATH, or the one that `playwright install chromium` brings.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

WIDTHS = {"phone": 390, "desk": 1280}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


def take(folder: Path, names: list[str]) -> None:
    """Photograph each page, or those whose file name starts with one of `names`."""
    files = [f for f in sorted(folder.glob("*.html")) if not names or f.name.split(".")[0] in names]
    with chromium() as browser:
        for scheme in ("light", "dark"):
            for width_name, width in WIDTHS.items():
                context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                page = context.new_page()
                for file in files:
                    page.goto(file.as_uri())
                    picture = f"{file.stem}.{width_name}.{scheme}.png"
                    page.screenshot(path=folder / "pictures" / picture, full_page=True)
                context.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2:])
