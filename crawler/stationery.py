"""The operator's own templates: config/templates/, each file instead of the program's of the same name.

A template that cannot be used stops nothing: it is said at its line, and the program's own is used.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from alerts import sample
from alerts.layout import NAMES, Layout
from alerts.model import Stationery
from alerts.tell import Teller
from alerts.view import Leave, Room
from archive.errors import Complaint

FOLDER = "templates"
_LEAVE = Leave(url="mailto:leave@presswatch.invalid", shown="leave@presswatch.invalid")


def read_stationery(directory: Path, public_url: str | None) -> tuple[Stationery, tuple[Complaint, ...]]:
    """Return what mails are written on, and what is wrong with the templates in ``directory``."""
    folder = directory / FOLDER
    templates: dict[str, str] = {}
    complaints = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        file = f"{FOLDER}/{path.name}"
        if path.name not in NAMES:
            close = get_close_matches(path.name, NAMES, n=1)
            meant = f"did you mean {close[0]}?" if close else f"there are {' and '.join(NAMES)}"
            complaints.append(
                Complaint(file, 1, 1, "", f"no template has this name, so it is not used ({meant})")
            )
            continue
        try:
            source = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            complaints.append(Complaint(file, 1, 1, "", f"{_instead(f'cannot be read: {error}')}"))
            continue
        wrong = _tried(path.name, source)
        if wrong is None:
            templates[path.name] = source
        else:
            complaints.append(Complaint(file, wrong[0], 1, "", _instead(wrong[1])))
    return Stationery(public_url=public_url, templates=templates), tuple(complaints)


def _instead(what: str) -> str:
    return f"{what} (until this is mended, the program's own template is used)"


def _tried(name: str, source: str) -> tuple[int, str] | None:
    """Lay a full digest and an empty one out by a template; return the line at which that fails, and why."""
    layout = Layout({name: source})
    for digest in sample.digests():
        teller = Teller(digest, _LEAVE, Stationery(public_url="https://presswatch.invalid"))
        wrong = layout.complaint(name, teller.view(Room()))
        if wrong is not None:
            return wrong
    return None
