"""Tables to a proposed plan: what each column is by name and values, what should become of it, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from tabgen.profiling import need_frame
from tabgen.substitution.checkdigits import CHECKED
from tabgen.substitution.keys import SecretKey, need_key
from tabgen.substitution.plan import (
    Action,
    ColumnPlan,
    Drop,
    Fake,
    Generalise,
    Keep,
    Plan,
    Pseudonymise,
    Shift,
    TablePlan,
)
from tabgen.substitution.pseudonyms import HEX, UUID, WHOLE, weak_share
from tabgen.substitution.signs import LOOKS, SEEN, URL, Signs, look_at
from tabgen.substitution.vocabulary import meanings, words_of
from tabgen.substitution.words import BARE, LOCALES, NOTES, PEOPLE, THINGS

MOST = 0.8  # share of the different values from which a look is that of the column
FEW = 5  # with fewer different values, check digits may be right by chance
MANY = 20
LONG = 9  # digits of a number that is more likely a name than a quantity
OLDEST = 90  # ages above are put together: 45 CFR 164.514(b)(2)(i)(C)
CHECKED_PERSONS = tuple(kind for kind in CHECKED if kind not in ("iban", "card"))
FAKED = ("name", "given_name", "surname", "address", "street")


def propose_plan(tables: pd.DataFrame | Mapping[str, pd.DataFrame], key: SecretKey | None = None) -> Plan:
    """Propose what should become of each column.

    Direct identifiers are never kept; of what cannot be told, the plan says so.

    Parameters
    ----------
    tables : pandas.DataFrame or mapping of str to pandas.DataFrame
        One table, or several by name; they are not modified.
    key : SecretKey, optional
        The key that the plan is to be used with, so that another is refused later.

    Returns
    -------
    Plan
        To be read, edited and passed to `tabgen.substitution.substitute`.

    Raises
    ------
    TableError
        If a table has no columns, or two of one name.
    SchemaError
        If a column is of no kind that tabgen knows.

    Examples
    --------
    >>> people = pd.DataFrame({"e-mail": ["ann@web.de", "bob@web.de"], "visits": [3, 4]})
    >>> for column in propose_plan(people).tables["table"].columns:
    ...     print(column.column, type(column.action).__name__, column.sensitivity, "-", column.reason)
    e-mail Pseudonymise direct - its values are e-mail addresses
    visits Keep none - no sign of a person
    """
    frames = dict(tables) if isinstance(tables, Mapping) else {"table": need_frame(tables)}
    signs = {name: look_at(frame) for name, frame in frames.items()}
    locale = _locale([one for own in signs.values() for one in own])
    planned = {name: _plan_table(own, locale) for name, own in signs.items()}
    for name, table in planned.items():
        planned[name] = _with_references(table, signs[name], signs, planned)
    return Plan(planned, None if key is None else need_key(key).check)


def _plan_table(columns: Sequence[Signs], locale: str) -> TablePlan:
    plans = []
    for signs in columns:
        rules = (_by_values, _by_name, _by_persons, _by_uniqueness, _by_length, _by_digits)
        found = next((plan for rule in rules if (plan := rule(signs, locale))), None)
        plans.append(found or ColumnPlan(signs.name, Keep(), "none", "no sign of a person"))
    direct = [plan for plan in plans if plan.sensitivity == "direct"]
    if direct:
        subject = _subject(direct, columns)
        plans = [_shifted(plan, signs, subject) for plan, signs in zip(plans, columns, strict=True)]
    return TablePlan(tuple(plans))


def _by_values(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise values of a look that only identifiers have."""
    if signs.column.kind in ("datetime", "boolean", "duration") or not signs.texts:
        return None
    for kind, (what, look) in LOOKS.items():
        if (kind not in CHECKED or signs.distinct >= FEW) and signs.share(look) >= MOST:
            return _direct(kind, signs, locale, f"its values are {what}")
    for kind in CHECKED_PERSONS:
        if signs.distinct >= MANY and signs.share(CHECKED[kind]) >= 0.95:
            reason = f"its values have the check characters of {kind}"
            return ColumnPlan(signs.name, Pseudonymise(kind), "direct", reason)
    if signs.share(URL) >= MOST:
        return ColumnPlan(
            signs.name, Fake("url", locale), "unknown", "its values are links, which may lead to a person"
        )
    return None


def _by_name(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise what the name says, if the values do not speak against it."""
    if signs.column.kind == "boolean" or not signs.texts:
        return None
    words = set(words_of(str(signs.name)))
    for found in meanings(str(signs.name)):
        kind = found.kind
        if found.phrase in BARE and signs.persons < 0.05 and not PEOPLE & words:
            if THINGS & words or not (FITS[kind](signs) and signs.variety >= 0.1):
                continue
            reason = "its name may be that of a person, but its values do not say so"
            return ColumnPlan(signs.name, Fake("name", locale), "unknown", reason)
        thing = bool(THINGS & words) and (signs.persons < 0.2 or signs.variety < 0.1)
        if (thing and kind in ("name", "given_name", "surname")) or not FITS[kind](signs):
            continue
        reason = f"its name says {kind.replace('_', ' ')}"
        if kind in QUASI:
            return ColumnPlan(
                signs.name, QUASI[kind](signs), "quasi", f"{reason}, which with others may single out"
            )
        return _direct(kind, signs, locale, reason)
    return None


def _by_persons(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise names of persons by frequent given names."""
    if signs.textual and signs.persons >= 0.2 and signs.distinct >= 2 * FEW and signs.words >= MOST:
        single = signs.share(lambda text: len(text.split()) == 1) >= MOST
        kind = "given_name" if single else "name"
        return _direct(kind, signs, locale, f"{signs.persons:.0%} of its values hold a frequent given name")
    return None


def _by_uniqueness(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise keys of rows, and codes that are almost all different."""
    if signs.column.sensitivity == "identifier":
        return _direct("record", signs, locale, f"it tells rows apart: {signs.column.reason}")
    words = words_of(str(signs.name))
    keyed = bool(words) and words[-1] in ("id", "ids", "key", "uuid", "guid")
    whole = signs.textual or signs.share(WHOLE) == 1
    if (
        keyed
        and whole
        and signs.distinct >= MANY
        and signs.variety >= 0.5
        and signs.column.kind != "datetime"
    ):
        return _direct("record", signs, locale, "its name is that of a key, and most values are different")
    return None


def _by_length(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise free text, which may hold anything."""
    if not signs.textual or signs.column.kind in ("datetime", "numeric", "boolean"):
        return None
    noted = bool(NOTES & set(words_of(str(signs.name))))
    lengthy = signs.share(lambda text: len(text.split()) >= 4) >= 0.3
    if lengthy and (signs.variety >= 0.3 or (noted and signs.distinct >= MANY)):
        return ColumnPlan(signs.name, Drop(), "unknown", "free text may name persons; it could not be told")
    if signs.column.kind == "text" or (signs.variety >= 0.5 and signs.distinct >= MANY):
        reason = "most of its texts are different; what they are could not be told"
        return ColumnPlan(signs.name, Pseudonymise("code"), "unknown", _weakness(reason, signs))
    return None


def _by_digits(signs: Signs, locale: str) -> ColumnPlan | None:
    """Recognise long whole numbers of one length, hardly any of which occur twice."""
    alike = len({len(text) for text in signs.texts}) == 1 and signs.share(WHOLE) == 1
    if not alike or signs.column.kind == "datetime" or signs.digits(LONG) < 1:
        return None
    if signs.distinct < MANY or signs.variety < 0.9:
        return None
    reason = "its long numbers are almost all different; what they are could not be told"
    return ColumnPlan(signs.name, Pseudonymise("number"), "unknown", reason)


def _direct(kind: str, signs: Signs, locale: str, reason: str) -> ColumnPlan:
    """Return the plan for a direct identifier."""
    action: Action
    if kind in FAKED and signs.textual:
        action = Fake(kind, locale)
    elif kind == "profile" and signs.textual:
        action = Fake("url", locale)
    elif not signs.textual and signs.share(WHOLE) < 1:
        action, reason = Drop(), f"{reason}; numbers with decimals have no pseudonym"
    else:
        action = Pseudonymise(_pseudonym_kind(kind, signs))
        reason = _weakness(reason, signs) if action.kind in ("code", "number") else reason
    return ColumnPlan(signs.name, action, "direct", reason)


def _pseudonym_kind(kind: str, signs: Signs) -> str:
    """Return the kind of pseudonyms that keeps the look of the values."""
    if signs.textual and kind in ("email", "iban", "card", "phone", "uuid", "ip"):
        return kind
    for checked in ("card", *CHECKED_PERSONS) if kind in ("card", "national_id") and signs.textual else ():
        if signs.distinct >= FEW and signs.share(CHECKED[checked]) >= 0.95:
            return checked
    if signs.share(UUID) >= MOST:
        return "uuid"
    if (
        signs.textual
        and signs.share(HEX) >= MOST
        and len(set("abcdef") & set("".join(signs.texts).lower())) > 3
    ):
        return "hex"
    return "number" if signs.share(WHOLE) == 1 else "code"


def _weakness(reason: str, signs: Signs) -> str:
    """Add to the reason how many pseudonyms are weak because few values have their pattern."""
    share = weak_share(signs.texts)
    if not share:
        return reason
    return f"{reason}; weak: {share:.0%} of its values are of patterns with fewer than a million values"


def _shifted(plan: ColumnPlan, signs: Signs, subject: Hashable | None) -> ColumnPlan:
    """Return a plan that moves the dates of persons."""
    if signs.column.kind != "datetime" or not isinstance(plan.action, Keep):
        return plan
    alike = "all alike" if subject is None else f"those of one {subject} alike"
    reason = f"days of events may single out; moved by up to 30 days, {alike}"
    return ColumnPlan(plan.column, Shift(30, subject), "quasi", reason)


def _subject(direct: Sequence[ColumnPlan], columns: Sequence[Signs]) -> Hashable | None:
    """Return the column that tells persons apart: a key, or else the direct identifier of most values."""
    signs = {one.name: one for one in columns}
    keys = [
        p
        for p in direct
        if isinstance(p.action, Pseudonymise) and p.action.kind in ("number", "code", "uuid")
    ]
    ranked = sorted(keys or direct, key=lambda plan: -signs[plan.column].distinct)
    named = [plan for plan in ranked if any(said.kind == "record" for said in meanings(str(plan.column)))]
    return (named or ranked)[0].column


def _with_references(
    table: TablePlan,
    own: Sequence[Signs],
    signs: Mapping[str, Sequence[Signs]],
    planned: Mapping[str, TablePlan],
) -> TablePlan:
    """Plan columns that hold the keys of another table like those keys."""
    keys = [
        (one, plan)
        for name, columns in signs.items()
        for one, plan in zip(columns, planned[name].columns, strict=True)
        if one.column.unique and plan.sensitivity == "direct" and isinstance(plan.action, Pseudonymise)
    ]
    plans = list(table.columns)
    for place, (plan, one) in enumerate(zip(table.columns, own, strict=True)):
        if plan.sensitivity == "direct":
            continue
        for key, its in keys:
            if one is not key and _refers(one, key):
                reason = f"its values are those of {key.name}"
                plans[place] = replace(plan, action=its.action, sensitivity="direct", reason=reason)
    return replace(table, columns=tuple(plans))


def _refers(one: Signs, key: Signs) -> bool:
    """Return whether a column holds the keys of another: texts, or numbers that do not merely count."""
    if one.textual != key.textual or one.distinct < MANY or key.distinct > SEEN:
        return False
    known = set(key.texts)
    counts = not one.textual and not all(len(text) >= 5 for text in one.texts)
    return not counts and sum(text in known for text in one.texts) >= 0.95 * len(one.texts)


def _locale(columns: Sequence[Signs]) -> str:
    """Return the locale of the language that most column names are of."""
    found = [next(iter(meanings(str(signs.name))), None) for signs in columns]
    languages = pd.Series([one.language for one in found if one and one.language], dtype=object)
    return LOCALES[languages.value_counts(sort=True).index[0]] if len(languages) else "en_US"


FITS: dict[str, Callable[[Signs], bool]] = {
    "given_name": lambda s: s.textual and s.words >= MOST,
    "surname": lambda s: s.textual and s.words >= MOST,
    "name": lambda s: s.textual and s.words >= MOST,
    "email": lambda s: s.share(lambda text: "@" in text) >= 0.5,
    "phone": lambda s: s.column.kind != "datetime" and s.digits(6) >= MOST,
    "address": lambda s: s.textual and s.variety >= 0.1 and s.share(lambda t: " " in t or len(t) > 5) >= 0.5,
    "street": lambda s: s.variety >= 0.1 and s.column.kind != "datetime" and (s.textual or s.digits(1) == 1),
    "national_id": lambda s: s.column.kind != "datetime" and s.digits(4) >= MOST and s.variety >= 0.1,
    "document": lambda s: s.column.kind != "datetime" and s.digits(4) >= MOST and s.variety >= 0.1,
    "card": lambda s: s.digits(12) >= MOST or (s.digits(4) >= MOST and s.textual and s.variety >= 0.1),
    "iban": lambda s: s.column.kind != "datetime" and s.digits(6) >= MOST and s.variety >= 0.02,
    "username": lambda s: s.textual and s.variety >= 0.1 and s.share(lambda text: " " not in text) >= MOST,
    "profile": lambda s: s.textual and s.variety >= 0.1,
    "ip": lambda s: s.textual and s.share(lambda text: "." in text or ":" in text) >= MOST,
    "device": lambda s: s.digits(2) >= 0.5 and s.variety >= 0.1,
    "plate": lambda s: s.textual and s.digits(1) >= MOST and s.variety >= 0.1,
    "record": lambda s: s.digits(1) >= MOST and s.distinct >= min(MANY, s.present) and _codes(s),
    "birth_date": lambda s: s.column.kind == "datetime" or s.share(re.compile(r"(?:19|20)\d\d")) >= MOST,
    "age": lambda s: s.share(re.compile(r"1?\d?\d(?:\.\d+)?")) == 1,
    "postcode": lambda s: s.digits(2) >= MOST and s.column.kind != "datetime",
    "city": lambda s: s.textual and s.words >= MOST,
    "place": lambda s: s.share(re.compile(r"-?\d{1,3}[.,]\d+|-?\d{1,3}")) >= MOST,
    "person_trait": lambda s: s.distinct > 1,
}


def _codes(signs: Signs) -> bool:
    """Return whether values are codes or whole numbers: no text, no decimals, no dates."""
    if signs.column.kind == "datetime":
        return False
    return signs.share(lambda text: " " not in text) >= MOST if signs.textual else signs.share(WHOLE) == 1


QUASI: dict[str, Callable[[Signs], Action]] = {
    "birth_date": lambda s: (
        Generalise(period="year") if s.column.kind == "datetime" else Generalise(nearest=5)
    ),
    "age": lambda s: Generalise(high=OLDEST),
    "postcode": lambda s: Generalise(first=3) if s.textual else Generalise(nearest=100),
    "city": lambda s: Keep(),
    "place": lambda s: Generalise(nearest=0.1),
    "person_trait": lambda s: Keep(),
}
