"""Every frame and macro as pages that can be looked at: sample data come in, a folder of HTML files goes out.

    python -m tests.browser.gallery FOLDER

`tests/browser/pictures.py` photographs the folder.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, DebugUndefined, Environment, FileSystemLoader, select_autoescape

from service.web.formats import Formats
from service.web.wording import LOCALES, wording_for
from tests.browser import sample_data as sample
from tests.browser import sample_texts as texts

HERE = Path(__file__).parent
WEB = HERE.parent.parent / "service" / "web"
ROOMS = {
    "overview": "overview", "calm": "overview", "events": "events", "event": "events", "empty": "approvals",
    "message": "messages", "approval": "approvals", "project": "projects", "rule": "rules",
    "connection": "connections", "dead": "dead_letters", "danger": "overview", "failure": "overview",
    "bars": "projects",
}  # fmt: skip
LANGUAGES = [
    {"locale": "en", "label": "English", "href": "?l=en"},
    {"locale": "zh-CN", "label": "中文", "href": "?l=zh-CN"},
]
PLAIN = ("sign_in", "first_password", "decide", "decided", "closed", "client_project")


@dataclass(frozen=True)
class Page:
    """One rendered page of the gallery."""

    name: str
    locale: str
    html: str

    @property
    def file(self) -> str:
        return f"{self.name}.{self.locale}.html"


def environment() -> Environment:
    """Templates as the service loads them, printing the name of a missing value, with the samples beside."""
    loader = ChoiceLoader([FileSystemLoader(WEB / "templates"), FileSystemLoader(HERE / "samples")])
    env = Environment(loader=loader, autoescape=select_autoescape(["html"]), undefined=DebugUndefined)
    env.globals.update(
        url_for=lambda endpoint, filename: f"{endpoint}/{filename}", csrf_token=lambda: "token"
    )
    return env


def context(locale: str, name: str) -> dict[str, Any]:
    """What a page of the service would hand to its template."""
    say = sample.sayer(locale)
    return {
        "t": wording_for(locale).t, "fmt": Formats(locale, ZoneInfo("Asia/Shanghai"), sample.NOW),
        "locale": locale, "theme": "auto", "say": say, "minutes_ago": sample.minutes_ago,
        "frame": sample.frame(say, ROOMS.get(name, "overview")), "organisation": "Northwind Studio", "here": "/",
        "sender": "Northwind Studio", "project": {"name": "Apollo"}, "test": name == "decide",
        "languages": LANGUAGES,
        "bars": sample.budgets(), "due": date(2026, 10, 12), "ratio": Decimal("0.81"),
        "verdict_list": sample.verdicts(say), "days": sample.story(say), "latest": sample.latest(say),
        "payload": texts.PAYLOAD, "normalised": texts.EVENT, "agreed": texts.agreed(say),
        "long_word": sample.LONG_WORD, "long_id": sample.LONG_ID, "errors": sample.decide_errors(wording_for(locale).t),
        "mail_src": f"mail.{locale}.html", "mail_text": say("As of 21 September 2026 …", "截至 2026 年 9 月 21 日……"),
    }  # fmt: skip


def pages() -> Iterator[Page]:
    """Every sample page in every locale."""
    env = environment()
    for locale in LOCALES:
        for name in (*ROOMS, *PLAIN):
            values = context(locale, name)
            if name == "overview":
                values["frame"]["notices"] = sample.notices(wording_for(locale).t)
            yield Page(name, locale, env.get_template(f"{name}.html").render(values))


def mails() -> Iterator[tuple[str, str, str]]:
    """(locale, HTML part, text part) of one mail with every kind of block, in observe mode."""
    env = environment()
    for locale in LOCALES:
        fmt = Formats(locale, ZoneInfo("America/New_York"), sample.NOW)
        budget = sample.budgets()["usual"]
        labels = [fmt.percent(tick.level, places=0) for tick in budget.ticks]
        banner = wording_for(locale).t("mail.test", name="Bob Ray", address="bob@acme.example")
        mail = texts.alert_mail(sample.sayer(locale), locale, budget, labels, banner)
        html, text = (env.get_template(f"mail/layout.{part}").render(mail=mail) for part in ("html", "txt"))
        yield locale, html, text


def write(folder: Path) -> list[Path]:
    """Write the gallery with its style sheet; returns the HTML files."""
    static = folder / "static"
    static.mkdir(parents=True, exist_ok=True)
    for source in (WEB / "static").iterdir():
        (static / source.name).write_bytes(source.read_bytes())
    written = []
    for page in pages():
        written.append(folder / page.file)
        written[-1].write_text(page.html, encoding="utf-8")
    for locale, html, text in mails():
        written.append(folder / f"mail.{locale}.html")
        written[-1].write_text(html, encoding="utf-8")
        (folder / f"mail.{locale}.txt").write_text(text, encoding="utf-8")
    return written


if __name__ == "__main__":
    target = Path(sys.argv[1])
    files = write(target)
    sys.stdout.write(f"{len(files)} pages in {target}\n")
