"""Take the README's pictures from the running product.

Starts the demo with a database of its own, edits and publishes a character as a
curator would, and writes ``docs/images/*.png``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.server import Server, Site  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
TALK = """Ada: Is it true about the flood?
Pip: Yes! There is a line on the guildhall door.
Ada: And the great hail? There is fog on the quay tonight."""
CHAT_SECONDS = 80
SIZE = {"width": 1280, "height": 860}


def shoot(page: Page, name: str) -> None:
    """Write one picture, once the page is quiet."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


def tell(page: Page) -> None:
    """The README's ten minutes, with a picture of each step."""
    shoot(page, "home")
    page.goto("/characters/pip/")
    shoot(page, "character")
    page.get_by_role("link", name="Edit", exact=True).first.click()
    page.get_by_label("Description", exact=True).first.fill(
        "A kettle-shaped robot intern, eager, steamy, and brand new to the night shift."
    )
    page.wait_for_selector("#editor-form[data-unsaved='0']")
    page.wait_for_timeout(2_000)  # Saved half a second later, previewed by then.
    shoot(page, "edit")
    page.goto("/publish/?ids=pip")
    page.get_by_label("Note").fill("Pip starts on the night shift")
    shoot(page, "publish")
    page.goto("/characters/pip/mixer/")
    shoot(page, "mixer")
    page.goto("/lorebooks/mizzlemouth/test/")
    page.locator("[name=conversation]").fill(TALK)
    page.wait_for_selector("#lore-outcome :text('The Great Hail')")
    shoot(page, "lore")
    page.goto("/relationships/?view=graph")
    page.wait_for_timeout(5_000)  # Until everybody has found a place.
    shoot(page, "relationships")
    page.goto("/growth/")
    shoot(page, "growth")


def chat(site: Site) -> None:
    """Let the sample bot play until there is much to see."""
    environment = {**os.environ, "DRAMATIS_KEY": site.key}
    bot = subprocess.Popen(  # noqa: S603
        [sys.executable, str(ROOT / "examples" / "demo_bot.py"), site.url],
        env=environment,
    )
    try:
        time.sleep(CHAT_SECONDS)
    finally:
        bot.terminate()
        bot.wait()


def main() -> int:
    """Take all pictures; 1 without a browser."""
    if not CHROMIUM:
        sys.stderr.write("No Chromium was found; name one with CHROMIUM.\n")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        site = server.start()
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(base_url=site.url, viewport=SIZE)
            page.goto("/")
            page.get_by_label("Username").fill(site.user)
            page.get_by_label("Password", exact=True).fill(site.password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("/")
            chat(site)
            tell(page)
            browser.close()
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
