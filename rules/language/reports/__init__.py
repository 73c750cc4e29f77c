"""Reports in words: a snapshot and a locale in, a `Document` out."""

from rules.language.reports.document import Bar, Chart, Column, Document, Part, Table, shown
from rules.language.reports.read import LOCALES, document

__all__ = ["LOCALES", "Bar", "Chart", "Column", "Document", "Part", "Table", "document", "shown"]
