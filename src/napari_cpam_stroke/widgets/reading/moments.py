"""Moments as the reader's clock has them."""

from __future__ import annotations

from datetime import datetime


def local_time(moment: datetime) -> str:
    """Return hours and minutes where the reader sits; with the day where it is not today."""
    here = moment.astimezone()
    return here.strftime("%H:%M" if here.date() == datetime.now().astimezone().date() else "%d %b %H:%M")
