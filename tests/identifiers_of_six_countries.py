"""A seed to a table of 40 columns from six countries, and which of them identify a person or a record."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from faker import Faker

DIRECT, OTHER = True, False


def six_countries(rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, dict[str, bool]]:
    """Return the table and for each column whether it is a direct identifier."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list[object]] = {}
    truth: dict[str, bool] = {}

    def add(name: str, direct: bool, draw: Callable[[], object]) -> None:
        columns[name], truth[name] = [draw() for _ in range(rows)], direct

    def pick(*levels: str) -> Callable[[], str]:
        return lambda: str(rng.choice(levels))

    def maker(locale: str) -> Faker:
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
