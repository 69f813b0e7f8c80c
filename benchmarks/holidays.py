"""Public holidays in the places and years of the reference data."""

from __future__ import annotations

from datetime import date, timedelta

NEW_SOUTH_WALES = """
    2012-01-26 2012-04-06 2012-04-09 2012-06-11 2012-10-01 2013-01-28 2013-03-29 2013-04-01 2013-06-10 2013-10-07
    2014-01-27
"""
AUSTRALIAN_DATES = ((1, 1), (4, 25), (12, 25), (12, 26))
KOREAN_DATES = ((1, 1), (3, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25))
# These follow the moon. Seollal and Chuseok are three days, of which these are the middle.
SEOLLAL = (
    "2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05"
)
CHUSEOK = (
    "2010-09-22 2011-09-12 2012-09-30 2013-09-19 2014-09-08 2015-09-27 2016-09-15 2017-10-04 2018-09-24 2019-09-13"
)
VESAK = "2010-05-21 2011-05-10 2012-05-28 2013-05-17 2014-05-06 2015-05-25 2016-05-14 2017-05-03 2018-05-22 2019-05-12"


def new_south_wales() -> set[date]:
    """From 2012 to January 2014."""
    return _written(NEW_SOUTH_WALES) | _yearly(range(2012, 2015), AUSTRALIAN_DATES)


def korea() -> set[date]:
    """From 2010 to 2019."""
    around = {day + timedelta(days=days) for day in _written(SEOLLAL + " " + CHUSEOK) for days in (-1, 0, 1)}
    return around | _written(VESAK) | _yearly(range(2010, 2020), KOREAN_DATES)


def _written(days: str) -> set[date]:
    return {date.fromisoformat(day) for day in days.split()}


def _yearly(years: range, days: tuple[tuple[int, int], ...]) -> set[date]:
    return {date(year, month, day) for year in years for month, day in days}
