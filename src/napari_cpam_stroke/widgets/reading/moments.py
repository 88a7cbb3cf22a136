"""Moments as the reader's clock has them."""

from __future__ import annotations

from datetime import datetime


def local_time(moment: datetime) -> str:
    """Return hours and minutes where the reader sits; with the day where it is not today."""
    here = moment.astimezone()
    return here.strftime("%H:%M" if here.date() == datetime.now().astimezone().date() else "%d %b %H:%M")


def short_date(moment: datetime) -> str:
    """Return the time of a moment of today, the day of one of this year, else the day with its year."""
    here, now = moment.astimezone(), datetime.now().astimezone()
    if here.date() == now.date():
        return here.strftime("%H:%M")
    return here.strftime("%d %b" if here.year == now.year else "%d %b %y")
