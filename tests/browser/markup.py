"""A page as its tags, for tests that ask what is in it. In: HTML. Out: tags with attributes, in order."""

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(frozen=True)
class Tag:
    """A start tag; attributes without a value are empty texts."""

    name: str
    attributes: dict[str, str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))


def tags_of(html: str) -> list[Tag]:
    """All start tags of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.tags


def ids_of(tags: list[Tag]) -> list[str]:
    """Every id, repeated ones repeated."""
    return [tag.attributes["id"] for tag in tags if "id" in tag.attributes]


def referred_ids(tags: list[Tag]) -> set[str]:
    """Ids that labels, descriptions and in-page links name."""
    found = {
        word
        for tag in tags
        for name in ("for", "aria-describedby", "data-copies")
        for word in tag.attributes.get(name, "").split()
    }
    links = [
        t.attributes["href"] for t in tags if t.name == "a" and t.attributes.get("href", "").startswith("#")
    ]
    return found | {link[1:] for link in links if len(link) > 1 and not link.startswith("#m")}
