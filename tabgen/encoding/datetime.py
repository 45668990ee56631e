"""Moments to calendar codes and back: year, month, day or week, weekday; then the time of day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import entropy

from tabgen.encoding.leaves import Support
from tabgen.encoding.numeric import ANY, NumericCodec, default_leaves, fit_numeric

DAY_SECONDS = 86_400
DAYS_IN_MONTH = 365.25 / 12
CLEAR_GAIN = 0.05  # nats; a smaller difference between two kinds of structure is none
WEEKS_PER_LEAF = 4  # weeks are no coarser than months up to here
MONDAY = 3  # 1970-01-01 was a Thursday: day -3 is a Monday


@dataclass(frozen=True)
class DatetimeCodec:
    """A moment as several small codes: its calendar parts, each a numeric codec of its own.

    Attributes
    ----------
    parts : dict of str to NumericCodec
        The parts that vary, in the order in which they are drawn.
    constants : dict of str to float
        The parts that never vary and their value.
    unit : str
        Resolution of the column: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.
    bounds : tuple of int
        First and last moment in units since 1970; decoded moments stay inside.
    """

    parts: dict[str, NumericCodec]
    constants: dict[str, float]
    unit: str
    bounds: tuple[int, int]

    @property
    def missing(self) -> bool:
        """Whether some moments are missing."""
        return any(codec.missing for codec in self.parts.values())

    def encode(self, moments: np.ndarray) -> np.ndarray:
        """Return int32 codes, shape ``(rows, parts)``, of ``datetime64`` values, shape ``(rows,)``."""
        split = split_moments(moments.astype(f"datetime64[{self.unit}]"))
        return np.stack([codec.encode(split[part]) for part, codec in self.parts.items()], axis=1)

    def decode(self, codes: np.ndarray, rng: np.random.Generator, *, stratified: bool = True) -> np.ndarray:
        """Return ``datetime64`` values, shape ``(rows,)``, of codes, shape ``(rows, parts)``."""
        values = {part: np.full(len(codes), value) for part, value in self.constants.items()}
        for column, (part, codec) in enumerate(self.parts.items()):
            values[part] = codec.decode(codes[:, column], rng, stratified=stratified)
        absent = np.isnan(np.stack(list(values.values()))).any(axis=0)
        whole = {part: np.where(absent, 0, value).astype(np.int64) for part, value in values.items()}
        days = _join_days(whole)
        seconds = days * DAY_SECONDS + whole["hour"] * 3600 + whole["minute"] * 60 + whole["second"]
        ticks = seconds * ticks_per_second(self.unit) + whole["fraction"]
        moments = np.clip(ticks, *self.bounds).astype(f"datetime64[{self.unit}]")
        moments[absent] = np.datetime64("NaT")
        return moments


def fit_datetime(moments: np.ndarray, support: Support = ANY) -> DatetimeCodec:
    """Learn the calendar parts of a column.

    Few distinct days become one token. Otherwise the day is told by week and weekday or by year,
    month and day, whichever shows more structure: office days live in the first, paydays and the
    seasons of a long time in the second.

    Parameters
    ----------
    moments : numpy.ndarray
        ``datetime64`` values, shape ``(rows,)``, NaT for missing; at least one moment.
    support : Support
        Fewest rows of a leaf of each part; by default one.

    Returns
    -------
    DatetimeCodec

    Examples
    --------
    >>> later = np.tile(np.arange(0, 20_000, 97), 3) * np.timedelta64(1, "D")
    >>> days = np.datetime64("1960-01-01", "s") + later
    >>> codec = fit_datetime(days)
    >>> list(codec.parts)
    ['year', 'month', 'day']
    >>> bool((codec.decode(codec.encode(days), np.random.default_rng(0)) == days).all())
    True
    """
    split = split_moments(moments)
    present = ~np.isnat(moments)
    if len(np.unique(split["date"][present])) <= default_leaves(int(present.sum())):
        scheme = ["date"]
    else:
        weekly = _is_weekly({part: values[present] for part, values in split.items()})
        scheme = ["week", "weekday"] if weekly else ["year", "month", "day"]
    parts, constants = {}, {}
    for part in [*scheme, "hour", "minute", "second", "fraction"]:
        values = split[part]
        if part == scheme[0] or np.ptp(values[present]) > 0:
            parts[part] = fit_numeric(values, support=support)
        else:
            constants[part] = float(values[present][0])
    ticks = moments[present].astype(np.int64)
    unit = np.datetime_data(moments.dtype)[0]
    return DatetimeCodec(parts, constants, unit, (int(ticks.min()), int(ticks.max())))


def ticks_per_second(unit: str) -> int:
    """Return how many units make a second.

    >>> ticks_per_second("ms")
    1000
    """
    return {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]


def split_moments(moments: np.ndarray) -> dict[str, np.ndarray]:
    """Split moments into calendar parts.

    Parameters
    ----------
    moments : numpy.ndarray
        ``datetime64`` values with unit s, ms, us or ns, shape ``(rows,)``.

    Returns
    -------
    dict of str to numpy.ndarray
        Each part as float64, NaN where the moment is missing.
    """
    per_second = ticks_per_second(np.datetime_data(moments.dtype)[0])
    absent = np.isnat(moments)
    ticks = np.where(absent, 0, moments.astype(np.int64))
    seconds, fraction = np.divmod(ticks, per_second)
    days, second_of_day = np.divmod(seconds, DAY_SECONDS)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    week, weekday = np.divmod(days + MONDAY, 7)
    parts = {
        "date": days,
        "year": months.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": days - months.astype("datetime64[D]").astype(np.int64) + 1,
        "week": week,
        "weekday": weekday,
        "hour": second_of_day // 3600,
        "minute": second_of_day // 60 % 60,
        "second": second_of_day % 60,
        "fraction": fraction,
    }
    return {part: np.where(absent, np.nan, values) for part, values in parts.items()}


def _join_days(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Return days since 1970; a day past the end of its month becomes the last one."""
    if "date" in parts:
        return parts["date"]
    if "week" in parts:
        return parts["week"] * 7 + parts["weekday"] - MONDAY
    month = (parts["year"] - 1970) * 12 + parts["month"] - 1
    first, following = (m.astype("datetime64[M]").astype("datetime64[D]") for m in (month, month + 1))
    first_day, next_first = first.astype(np.int64), following.astype(np.int64)
    return np.minimum(first_day + parts["day"] - 1, next_first - 1)


def _is_weekly(split: dict[str, np.ndarray]) -> bool:
    """Tell whether weekdays show more structure than days of the month do.

    Where neither does, weeks are the better choice as long as they are no coarser than months.
    """
    weekdays = np.log(7) - _entropy(split["weekday"])
    days = np.log(DAYS_IN_MONTH) - _entropy(split["day"])
    if abs(weekdays - days) > CLEAR_GAIN:
        return bool(weekdays > days)
    return bool(np.ptp(split["week"]) <= WEEKS_PER_LEAF * default_leaves(len(split["week"])))


def _entropy(values: np.ndarray) -> float:
    """Return the entropy of a sample in nats, corrected for few rows (Miller 1955)."""
    counts = np.unique(values, return_counts=True)[1]
    return float(entropy(counts) + (len(counts) - 1) / (2 * counts.sum()))
