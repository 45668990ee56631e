"""Direct identifiers of many countries and spellings are found, and what only looks like one is left."""

import uuid

import numpy as np
import pandas as pd
import pytest
from faker import Faker

from tabgen.errors import TableError
from tabgen.substitution import Drop, Fake, Keep, Pseudonymise, SecretKey, Shift, propose_plan

DIRECT, OTHER = True, False


def six_countries(rows=400, seed=0):
    """Return a table of 40 columns and for each whether it is a direct identifier."""
    rng = np.random.default_rng(seed)
    columns, truth = {}, {}

    def add(name, direct, draw):
        columns[name], truth[name] = [draw() for _ in range(rows)], direct

    def pick(*levels):
        return lambda: str(rng.choice(levels))

    def maker(locale):
        made = Faker(locale)
        made.seed_instance(seed)
        return made

    us = maker("en_US")
    things = [f"{a} {b}" for a in ("Ergonomic", "Small", "Rustic") for b in ("Chair", "Lamp", "Table", "Mug")]
    add("Full Name", DIRECT, us.name)
    add("contact", DIRECT, us.email)
    add("Phone (home)", DIRECT, us.phone_number)
    add("SSN", DIRECT, us.ssn)
    add("occupation", OTHER, us.job)
    add("product_name", OTHER, pick(*things))
    add("order_total", OTHER, lambda: round(float(rng.exponential(80)), 2))
    add("f17", DIRECT, lambda: us.credit_card_number("visa16"))
    germany = maker("de_DE")
    add("Vorname", DIRECT, germany.first_name)
    add("Nachname", DIRECT, germany.last_name)
    add("Strasse", DIRECT, germany.street_address)
    add("PLZ", OTHER, germany.postcode)
    add("Kundennr", DIRECT, lambda: f"K-{rng.integers(10**6):06d}")
    add("Geburtsdatum", OTHER, lambda: germany.date_of_birth().strftime("%d.%m.%Y"))
    add("Bemerkung", OTHER, lambda: germany.sentence(9))
    france = maker("fr_FR")
    add("nom_usage", DIRECT, france.last_name)
    add("adresse_postale", DIRECT, lambda: france.address().replace("\n", ", "))
    add("num_secu", DIRECT, france.ssn)
    add("ville", OTHER, france.city)
    add("portable", DIRECT, france.phone_number)
    add("montant", OTHER, lambda: int(rng.poisson(300)))
    add("canal", OTHER, pick("web", "boutique", "téléphone"))
    spain = maker("es_ES")
    add("Apellidos", DIRECT, lambda: f"{spain.last_name()} {spain.last_name()}")
    add("documento", DIRECT, spain.nif)
    add("cuenta", DIRECT, spain.iban)
    add("provincia", OTHER, spain.state)
    add("fecha_alta", OTHER, lambda: spain.date_this_decade().strftime("%d/%m/%Y"))
    add("matrícula", DIRECT, spain.license_plate)
    italy = maker("it_IT")
    add("nominativo", DIRECT, italy.name)
    add("codice_fiscale", DIRECT, italy.ssn)
    add("indirizzo_ip", DIRECT, italy.ipv4)
    add("data_nascita", OTHER, lambda: italy.date_of_birth().isoformat())
    add("taglia", OTHER, pick("S", "M", "L", "XL"))
    add("marca", OTHER, pick("Aurora", "Stella", "Fiore", "Monte"))
    poland = maker("pl_PL")
    add("imie", DIRECT, poland.first_name)
    add("PESEL", DIRECT, poland.pesel)
    add("e-mail", DIRECT, poland.email)
    add("wiek", OTHER, lambda: int(rng.integers(18, 90)))
    add("kategoria", OTHER, pick("detal", "hurt", "eksport"))
    add("kod_produktu", OTHER, lambda: f"PR{rng.integers(100, 160)}")
    return pd.DataFrame(columns), truth


@pytest.fixture(scope="module")
def six():
    return six_countries()


def _judged(plan, truth):
    """Return hits, misses and false alarms."""
    found = {column.column for column in plan.columns if column.sensitivity == "direct"}
    real = {name for name, direct in truth.items() if direct}
    return found & real, real - found, found - real


def test_direct_identifiers_of_six_countries_are_found(six):
    frame, truth = six
    assert frame.shape[1] == 40
    hits, missed, alarms = _judged(propose_plan(frame).tables["table"], truth)
    assert len(hits) / (len(hits) + len(missed)) >= 0.95, f"missed: {missed}"
    assert len(hits) / (len(hits) + len(alarms)) >= 0.9, f"false alarms: {alarms}"


def test_they_are_found_by_their_values_where_names_say_nothing(six):
    frame, truth = six
    blind = {name: f"f{number}" for number, name in enumerate(frame.columns)}
    plan = propose_plan(frame.rename(columns=blind)).tables["table"]
    hits, missed, alarms = _judged(plan, {blind[name]: direct for name, direct in truth.items()})
    assert len(hits) >= 15, f"missed: {missed}"
    assert len(alarms) <= 2, f"false alarms: {alarms}"
    kept = {column.column for column in plan.of(Keep)}
    assert len(missed & kept) <= 3, f"kept: {missed & kept}"


def test_direct_identifiers_are_never_kept(six):
    for column in propose_plan(six[0]).tables["table"].of(Keep):
        assert column.sensitivity in ("quasi", "none")
        assert column.reason


def test_the_language_of_the_names_gives_the_locale():
    frame = pd.DataFrame({"Vorname": ["Anna", "Paul"] * 9, "Nachname": ["Roth", "Ney"] * 9, "total": 1})
    plan = propose_plan(frame).tables["table"]
    assert [column.action.locale for column in plan.of(Fake)] == ["de_DE", "de_DE"]


NOT_DIRECT = {
    "mail_sent": ["yes", "no"],
    "email_count": range(40),
    "phone_type": ["mobile", "home", "work"],
    "address_type": ["billing", "shipping"],
    "name_length": range(3, 20),
    "credit_card_type": ["Visa", "Amex"],
    "account_balance": [1050.25, 99.5, -3.75, 12000.0],
    "birth_weight": [2900, 3100, 3400, 2750, 3650],
    "passport_country": ["USA", "FRA", "ITA"],
    "ip_count": range(50),
    "last_login": ["2024-05-01 10:11:12", "2024-05-02 09:00:00"],
    "id_type": ["passport", "licence"],
    "owner_occupied": ["Y", "N"],
    "via": ["web", "phone", "shop"],
    "product_id": range(1000, 1012),
    "sku": [f"SKU-{number:05d}" for number in range(25)],
    "hotel_name": ["Grand Plaza", "Sea View", "Alpine Lodge", "City Inn"],
    "movie title": ["The Long Road", "Night Train", "Blue Sky"],
    "version": ["1.2.3.4", "1.2.3.5", "2.0.0.1"],
    "team": ["Red Lions", "Blue Sharks", "Green Bears"],
    "city_name": ["Berlin", "Hamburg", "Bonn"],
    "file_name": ["a.txt", "b.txt", "c.txt"],
    "score": [0.25, 1.5, 2.75],
    "ean": ["4006381333931", "4012345123456", "7611234567898"],
}
DIRECT_ONES = {
    "CustEmailAddr": [f"user{n}@mail.com" for n in range(60)],
    "MRN": range(100_000, 100_600, 10),
    "Emp No": [*range(1000, 1058), 1000, 1003],
    "twitter_handle": [f"@user{n * 7919}" for n in range(60)],
    "mobile": [2_025_550_100 + 7 * n for n in range(60)],
    "氏名": ["山田 太郎", "佐藤 花子", "鈴木 一郎"] * 20,
    "mac_addr": [f"00:1a:2b:3c:4d:{n:02x}" for n in range(60)],
    "IMEI": [str(490_154_203_237_500 + 13 * n) for n in range(60)],
    "emergency_contact_phone": [f"202-555-01{n:02d}" for n in range(60)],
    "Bill To": [f"{n} Main St, Springfield, IL 62{n:03d}" for n in range(60)],
    "uid": [str(uuid.uuid5(uuid.NAMESPACE_DNS, str(n))) for n in range(60)],
    "col7": [f"{a} {b}" for a in ("Maria", "John", "Zyx", "Qwu") for b in ("Rossi", "Nowak", "Petrov")],
    "cc": [4111111111111111] * 12
    + [5555555555554444, 4012888888881881, 6011111111111117, 5105105105105100] * 12,
    "policy_no": [f"POL-{n * 7919:08d}" for n in range(60)],
    "NINO": [f"AB{n * 15485863 % 1000000:06d}C" for n in range(60)],
    "kenteken": [f"{n:02d}-AB-{chr(65 + n % 26)}{chr(65 + n // 26)}" for n in range(60)],
}


@pytest.mark.parametrize(
    ("columns", "direct"), [(NOT_DIRECT, False), (DIRECT_ONES, True)], ids=["others", "identifiers"]
)
def test_columns_of_real_tables(columns, direct):
    rows = {name: [list(values)[row % len(values)] for row in range(60)] for name, values in columns.items()}
    plan = propose_plan(pd.DataFrame({"row": 1, **rows})).tables["table"].columns[1:]
    wrong = {column.column: column.reason for column in plan if (column.sensitivity == "direct") != direct}
    assert wrong == {}


def test_free_text_and_unknown_texts_are_said_to_be_unknown():
    rng = np.random.default_rng(0)
    words = ["the", "order", "was", "late", "again", "and", "nobody", "answered", "my", "call"]
    notes = [" ".join(rng.choice(words, 9)) for _ in range(80)]
    codes = ["".join(rng.choice(list("qwxyz"), 9)) + " " + str(n % 70) for n in range(80)]
    plan = propose_plan(pd.DataFrame({"remarks": notes, "blob": codes})).tables["table"]
    assert [(column.sensitivity, type(column.action)) for column in plan.columns] == [
        ("unknown", Drop),
        ("unknown", Pseudonymise),
    ]


def test_a_table_without_rows_is_refused():
    with pytest.raises(TableError, match=r"^The table has no rows"):
        propose_plan(pd.DataFrame({"name": []}))


def test_long_different_numbers_are_not_kept():
    numbers = np.random.default_rng(0).integers(10**10, 10**11, 80)
    for values in (pd.Series(numbers), pd.Series(numbers).astype(str)):
        (column,) = propose_plan(values.to_frame("what")).tables["table"].columns
        assert (column.sensitivity, column.action) == ("unknown", Pseudonymise("number"))


def test_weak_pseudonyms_are_said_to_be_weak():
    plan = propose_plan(pd.DataFrame({"client_id": range(1000, 1100)})).tables["table"]
    assert (
        "weak: 100% of its values are of patterns with fewer than a million values" in plan.columns[0].reason
    )


def test_keys_of_another_table_are_found_by_their_values():
    keys = [f"Q{n * 7919 % 100000:05d}" for n in range(50)]
    tables = {"a": pd.DataFrame({"client_id": keys}), "b": pd.DataFrame({"bought_by": keys[:30] * 3, "n": 1})}
    plan = propose_plan(tables)
    ref = plan.tables["b"].columns[0]
    assert ref.action == plan.tables["a"].columns[0].action
    assert (ref.sensitivity, ref.reason) == ("direct", "its values are those of client_id")


def test_dates_of_persons_are_shifted_by_their_key():
    frame = pd.DataFrame({"patient_id": range(100, 160), "seen": pd.date_range("2024", periods=60), "x": 1.5})
    plan = propose_plan(frame).tables["table"]
    assert plan.columns[1].action == Shift(30, "patient_id")
    alone = propose_plan(frame[["seen", "x"]]).tables["table"]
    assert isinstance(alone.columns[0].action, Keep)


def test_a_key_is_remembered_by_its_check_value():
    key = SecretKey(bytes(range(32)))
    assert propose_plan(pd.DataFrame({"x": [1]}), key).key_check == key.check
