"""Typing in the editor of a 100 KB sheet: from the key to the next frame."""

import statistics

import pytest
from playwright.sync_api import Page

KEYS = 60
BETWEEN = 100  # Milliseconds; 120 words a minute.
MEDIAN, SLOW = 32, 50  # Milliseconds.
# Other programs on the machine may have the processor; the page is not to blame.
ATTEMPTS = 3

MAKE = """
from django.utils import timezone
from personas.domain.sheets import CharacterSheet
from personas.models import Character
from personas.services import drafts
words = "The keeper counts {n} lamps, hums, and never says what the fog is for. "
texts = [words.replace("{n}", str(n)) * 8 for n in range(30)]
sheet = CharacterSheet.model_validate({
    "display_name": "Heavy", "framework_id": "neuro",
    "description": words * 300,
    "identity": {"personality": words * 200, "core_traits": texts,
                 "details": [{"key": f"row {n}", "value": t}
                             for n, t in enumerate(texts)]},
    "scenario": words * 200,
    "example_messages": words * 150,
    "quirks": [{"kind": f"kind {n}", "items": texts[:3]} for n in range(10)],
    "topic_interests": [f"topic {n}" for n in range(200)],
})
assert len(sheet.model_dump_json().encode()) >= 100_000
if not Character.objects.filter(character_id="heavy").exists():
    drafts.create_character(
        character_id="heavy", sheet=sheet, actor=None, now=timezone.now())
"""
# Chromium rounds to 8 ms, and tells of nothing below 16.
LEAST = 16
WATCH = """
(least) => {
  window.watcher?.disconnect();
  window.seen = [];
  const start = performance.now();
  window.watcher = new PerformanceObserver((list) => {
    for (const { name, startTime, duration } of list.getEntries())
      if (name === "keydown" && startTime > start) window.seen.push(duration);
  });
  window.watcher.observe({ type: "event", durationThreshold: least });
}
"""


@pytest.fixture
def heavy(sign_in, site) -> Page:
    site.manage("shell", "-c", MAKE)
    page = sign_in(viewport={"width": 1440, "height": 900})
    page.goto("/characters/heavy/edit/")
    page.wait_for_selector("#editor-prompt .editor-prompt__span")
    page.wait_for_load_state("networkidle")
    return page


def delays(page: Page, control: str) -> list[float]:
    """Milliseconds from each of many keys to the frame that shows it, sorted."""
    page.locator(control).focus()
    page.keyboard.press("Control+Home")
    page.evaluate(WATCH, LEAST)
    for number in range(KEYS):
        page.keyboard.press("abcdefgh "[number % 9])
        page.wait_for_timeout(BETWEEN)
        if number % 20 == 19:
            # Long enough for the preview and the saving to fall between keys.
            page.wait_for_timeout(900)
    page.wait_for_timeout(500)
    told = page.evaluate("window.seen")
    assert len(told) <= KEYS
    return sorted(told + [LEAST] * (KEYS - len(told)))


@pytest.mark.parametrize(
    "control",
    [
        "[name=display_name]",
        "[name=description]",
        "[name='identity.details.3.value']",
    ],
)
def test_each_key_is_on_the_screen_in_time(heavy, control):
    runs = []
    for _ in range(ATTEMPTS):
        found = delays(heavy, control)
        runs.append((statistics.median(found), found[int(len(found) * 0.95)]))
        if runs[-1][0] <= MEDIAN and runs[-1][1] <= SLOW:
            return

    raise AssertionError(f"Median and 95th percentile: {runs}")
