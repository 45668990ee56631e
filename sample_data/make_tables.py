"""Nothing but a fixed seed comes in; three CSV tables go out, written next to this script.

``customers.csv`` is invented here row by row from the causal story below. ``wine.csv`` and
``breast_cancer.csv`` are copies of the two tables that scikit-learn ships.

The story behind ``customers.csv``, causes first (``<-`` reads "depends on"). A column in
brackets is hidden: it steers others but is not written.

1. Place. ``city`` has Zipf-like frequencies. ``region``, the first three digits of
   ``postal_code`` and the leading part of ``phone`` follow from the city.
2. Person. [age at signup] is skewed; ``channel`` <- age; ``signup`` <- channel (exponential
   growth, fastest on the web; a season; opening days and hours of the channel);
   ``birth_date`` = signup - age. ``name`` <- country; ``email`` <- name.
3. Money. ``income`` <- age (peak near 50), region. It is left blank <- age, channel.
   [engagement] is a standard normal; [earlier spend] <- income, engagement.
   ``tier`` <- earlier spend, tenure. No gold in the first year, no platinum in the first two.
4. The last twelve months. ``newsletter`` <- channel, engagement; ``referred`` <- channel, and is
   blank mostly before 2019, when the form did not ask. ``visits`` <- engagement, tier,
   newsletter, days since signup, with dormant customers <- engagement, tier, channel.
   ``last_visit`` <- visits: the latest of so many random days; without visits it is an older day,
   or blank (never came back) <- tier, channel; always blank for those who signed up in the last
   year. ``spend`` <- visits, income, tier: zero for many, with a heavy tail.
   ``support_tickets`` <- visits, channel.
5. Opinion. ``satisfaction`` <- tickets, tier, engagement; blank <- channel, visits.
6. The label. ``churn`` (left within 90 days after the snapshot) <- days since last seen,
   satisfaction (asked or not), tickets, tier, tenure, newsletter, channel, referred, and two
   interactions: many tickets in a low tier, and young customers of the web shop.
"""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_wine

SEED = 20250630
N_ROWS = 5000
START, SNAPSHOT = pd.Timestamp("2016-01-01"), pd.Timestamp("2025-06-30")
TIERS = ["bronze", "silver", "gold", "platinum"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Commonest city first: city, region, postal prefix, phone pattern (# is a random digit). The
# German and French patterns lie in blocks reserved for fiction; the others are plain 555 ones.
CITIES = [
    ("Rome", "Italy Centre", "001", "+39 06 5550 ####"),
    ("Berlin", "Germany", "104", "+49 30 23125 ###"),
    ("Milan", "Italy North", "201", "+39 02 5550 ####"),
    ("Paris", "France", "750", "+33 1 99 00 ## ##"),
    ("Madrid", "Spain", "280", "+34 91 555 ## ##"),
    ("Hamburg", "Germany", "203", "+49 40 66969 ###"),
    ("Naples", "Italy South", "801", "+39 081 555 ####"),
    ("Munich", "Germany", "803", "+49 89 99998 ###"),
    ("Barcelona", "Spain", "080", "+34 93 555 ## ##"),
    ("Turin", "Italy North", "101", "+39 011 555 ####"),
    ("Cologne", "Germany", "506", "+49 221 4710 ###"),
    ("Helsinki", "Finland", "005", "+358 9 5550 ####"),
    ("Lyon", "France", "690", "+33 4 65 71 ## ##"),
    ("Florence", "Italy Centre", "501", "+39 055 555 ####"),
    ("Valencia", "Spain", "460", "+34 96 555 ## ##"),
    ("Palermo", "Italy South", "901", "+39 091 555 ####"),
    ("Bologna", "Italy North", "401", "+39 051 555 ####"),
    ("Frankfurt", "Germany", "603", "+49 69 90009 ###"),
    ("Genoa", "Italy North", "161", "+39 010 555 ####"),
    ("Nice", "France", "060", "+33 4 65 71 ## ##"),
    ("Bari", "Italy South", "701", "+39 080 555 ####"),
    ("Tampere", "Finland", "331", "+358 3 5550 ####"),
    ("Venice", "Italy North", "301", "+39 041 555 ####"),
    ("Cagliari", "Italy South", "091", "+39 070 555 ####"),
    ("Perugia", "Italy Centre", "061", "+39 075 555 ####"),
]
INCOME_BY_REGION = {
    "Italy North": 0.10, "Italy Centre": 0.0, "Italy South": -0.22, "Germany": 0.28,
    "France": 0.15, "Spain": -0.06, "Finland": 0.24,
}  # fmt: skip
FIRST_NAMES = {
    "Italy": "Marco Giulia Luca Chiara Andrea Francesca Matteo Elena Sara Niccolò Anna-Maria",
    "Germany": "Lukas Anna Jonas Lena Felix Marie Jürgen Sophie Karl-Heinz Katrin Paul Ute",
    "Spain": "Javier Lucía Pablo Marta José Carmen Diego Ana-Belén Sergio Paula Hugo Inés",
    "France": "Jean-Paul Camille Louis Chloé Hugo Manon Pierre Élodie Antoine Claire Anne-Marie",
    "Finland": "Mikko Aino Juhani Emilia Antti Sofia Ville Helmi Eero Kaisa Anna-Liisa Timo",
}
LAST_NAMES = {
    "Italy": "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci D'Angelo Greco Conti Gallo",
    "Germany": "Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Koch Klein Wolf Groß",
    "Spain": "García López Martínez Sánchez Pérez Gómez Ruiz García-Vega Moreno Díaz Soler",
    "France": "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Girard-Roux Blanc",
    "Finland": "Korhonen Virtanen Mäkinen Nieminen Mäkelä Laine Heikkinen Salo Niemi Aalto Lehto",
}
# Per channel: yearly growth, weights Monday to Sunday, first and last hour, peak hour, its width.
CHANNELS = {
    "web": (0.34, [10, 10, 9, 9, 8, 12, 14], 0, 23, 20.0, 4.5),
    "store": (0.10, [7, 7, 8, 9, 13, 20, 0], 9, 19, 16.5, 3.5),
    "phone": (0.02, [14, 12, 11, 11, 9, 2, 0], 8, 17, 11.0, 2.5),
    "partner": (0.20, [9, 10, 10, 10, 10, 5, 1], 8, 20, 14.0, 4.0),
}


def _sigmoid(x: Floats) -> Floats:
    """Turn log-odds into probabilities."""
    return 1.0 / (1.0 + np.exp(-x))


def _slug(text: str) -> str:
    """Keep the plain lower-case letters of a name, as e-mail addresses do."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in plain.lower() if c.isascii() and c.isalpha())


def _clock(rng: np.random.Generator, channel: str, n: int) -> Ints:
    """Draw seconds since midnight within the hours of a channel."""
    _, _, first, last, peak, width = CHANNELS[channel]
    hours = np.arange(first, last + 1)
    weights = np.exp(-0.5 * ((hours - peak) / width) ** 2) + 0.02
    return rng.choice(hours, n, p=weights / weights.sum()) * 3600 + rng.integers(0, 3600, n)


def draw_places(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Draw city, region, postal code and phone of ``n`` customers: step 1 of the story."""
    weights = 1.0 / np.arange(1, len(CITIES) + 1) ** 0.9
    picks = rng.choice(len(CITIES), size=n, p=weights / weights.sum())
    frame = pd.DataFrame([CITIES[i] for i in picks], columns=["city", "region", "prefix", "phone"])
    district = np.minimum(rng.geometric(0.09, n), 29)  # the inner districts hold more people
    frame["postal_code"] = frame.pop("prefix") + pd.Series([f"{k:02d}" for k in district])
    for pattern, rows in frame.groupby("phone").groups.items():
        width = str(pattern).count("#")
        for row, number in zip(rows, rng.choice(10**width, len(rows), replace=False), strict=True):
            digits = iter(f"{number:0{width}d}")
            frame.loc[row, "phone"] = "".join(next(digits) if c == "#" else c for c in str(pattern))
    return frame


def draw_names(rng: np.random.Generator, regions: pd.Series) -> tuple[list[str], list[str]]:
    """Draw names that mostly suit the country, and one unique e-mail address for each."""
    names, emails, taken = [], [], {""}
    for home in regions.str.split().str[0]:
        lists = [home if rng.random() < 0.88 else rng.choice(list(FIRST_NAMES)) for _ in range(2)]
        first = rng.choice(FIRST_NAMES[lists[0]].split())
        last = rng.choice(LAST_NAMES[lists[1]].split())
        f, s, email = _slug(first), _slug(last), ""
        while email in taken:
            user = rng.choice([f"{f}.{s}", f"{f[0]}.{s}", f"{f}{s}", f"{s}.{f}"])
            user += str(rng.integers(1, 100)) if rng.random() < 0.15 else ""
            email = f"{user}@example.{rng.choice(['com', 'org', 'net'], p=[0.6, 0.25, 0.15])}"
        names.append(f"{first} {last}")
        emails.append(email)
        taken.add(email)
    return names, emails


def draw_signups(rng: np.random.Generator, channel: Ints) -> tuple[Ints, Ints, Ints]:
    """Draw days from signup to snapshot, and seconds of the day at signup and last visit."""
    days = pd.date_range(START, SNAPSHOT, freq="D")
    season = np.array([0.9, 0.85, 1, 1, 1.05, 1, 0.85, 0.6, 1.05, 1.1, 1.45, 1.3])[days.month - 1]
    back, clock_in, clock_last = (np.zeros(len(channel), dtype=np.int64) for _ in range(3))
    for code, (name, (growth, weekday, *_)) in enumerate(CHANNELS.items()):
        rows = np.flatnonzero(channel == code)
        weights = season * np.exp(growth * np.arange(len(days)) / 365.25)
        weights *= np.array(weekday, dtype=float)[days.day_of_week]
        back[rows] = len(days) - 1 - rng.choice(len(days), len(rows), p=weights / weights.sum())
        clock_in[rows], clock_last[rows] = (_clock(rng, name, len(rows)) for _ in range(2))
    return back, clock_in, clock_last


def make_customers(seed: int = SEED, n: int = N_ROWS) -> pd.DataFrame:
    """Play the story of the module docstring once.

    Parameters
    ----------
    seed, n
        Seed of the random generator and number of customers.

    Returns
    -------
    pandas.DataFrame
        The table as it is written: dates and income are text, missing cells are NA.
    """
    rng = np.random.default_rng(seed)
    out = draw_places(rng, n)
    out["name"], out["email"] = draw_names(rng, out["region"])
    out["customer_id"] = [f"C-{i}" for i in rng.choice(900_000, n, replace=False) + 100_000]

    # Step 2, person: the best of four channel utilities (Gumbel noise makes it a logit choice).
    age_in = 18.0 + 62.0 * rng.beta(1.5, 2.9, n)
    by_age = (age_in - 40.0) / 12.0
    utility = np.array([1.2, 0.6, -0.4, -0.2]) + np.outer(by_age, [-0.55, 0.15, 0.6, 0.0])
    channel = (utility + rng.gumbel(size=(n, 4))).argmax(axis=1)
    web, store, phone, partner = ((channel == k).astype(float) for k in range(4))
    back, clock_in, clock_last = draw_signups(rng, channel)
    tenure, age = back / 365.25, age_in + back / 365.25

    # Step 3, money.
    engaged = rng.normal(size=n)
    log_income = 7.75 - 0.42 * ((age - 50.0) / 28.0) ** 2 + rng.normal(0.0, 0.36, n)
    log_income += out["region"].map(INCOME_BY_REGION).to_numpy()
    no_income = rng.random(n) < _sigmoid(-1.9 - 0.06 * (age - 38.0) + 1.6 * phone)
    wealth = log_income - 7.6
    score = 0.9 * wealth + 0.55 * engaged + 0.75 * np.log(tenure + 0.2) + rng.normal(0.0, 0.45, n)
    tier = np.searchsorted(np.quantile(score, [0.50, 0.77, 0.92]), score)
    tier = np.minimum(tier, np.select([back < 365, back < 730], [1, 2], 3))

    # Step 4, the last twelve months.
    newsletter = rng.random(n) < _sigmoid(-0.2 + 0.6 * web - 0.9 * phone + 0.4 * engaged)
    referred = rng.random(n) < _sigmoid(-1.2 + 1.3 * partner - 0.6 * store)
    old_form = back > (SNAPSHOT - pd.Timestamp("2019-01-01")).days
    no_referred = rng.random(n) < np.where(old_form, 0.55, 0.02)
    year = np.minimum(back, 365) / 365.0
    rate = np.exp(1.3 + 0.45 * engaged + 0.28 * tier + 0.25 * newsletter + 0.25 * store) * year
    visits = rng.poisson(rate * rng.gamma(1.6, 1 / 1.6, n))
    visits[rng.random(n) < _sigmoid(-1.7 - 0.7 * engaged - 0.6 * tier + 0.7 * partner)] = 0
    recent = np.floor(rng.beta(1.0, np.maximum(visits, 1)) * np.minimum(back + 1, 365))
    older = 365 + np.floor(rng.beta(1.2, 1.8, n) * np.maximum(back - 364, 0))
    seen = np.where(visits > 0, recent, older).astype(np.int64)  # days before the snapshot
    never = rng.random(n) < _sigmoid(0.1 - 0.8 * tier + 0.9 * partner - 0.6 * store)
    never = (visits == 0) & (never | (back < 365))
    seen = np.where(never, back, seen)
    same_day = ~never & (seen == back)  # then the earlier of the two times is the signup
    clock_in, clock_last = (
        np.where(same_day, np.minimum(clock_in, clock_last), clock_in),
        np.where(same_day, np.maximum(clock_in, clock_last), clock_last),
    )
    buys = (visits > 0) & (rng.random(n) < _sigmoid(0.2 + 0.45 * np.minimum(visits, 9)))
    log_spend = 3.1 + 0.85 * np.log(np.maximum(visits, 1)) + 0.7 * wealth + 0.2 * tier
    bulk = np.where(rng.random(n) < 0.03, 2.0 + rng.pareto(2.5, n), 1.0)
    spend = np.where(buys, np.exp(log_spend + rng.normal(0.0, 0.55, n)) * bulk, 0.0)
    ticket_rate = np.exp(-1.75 + 0.08 * np.minimum(visits, 15) + 0.6 * phone)
    tickets = rng.poisson(ticket_rate * rng.gamma(0.7, 1 / 0.7, n))

    # Steps 5 and 6, opinion and label.
    upset = np.minimum(tickets, 4)
    opinion = 3.7 + 0.15 * tier - 0.75 * upset + 0.2 * engaged + rng.normal(0.0, 0.85, n)
    opinion = np.clip(np.rint(opinion), 1, 5)
    silent = 0.2 - 0.3 * np.minimum(visits, 10) + 0.9 * partner - 0.4 * phone > rng.logistic(size=n)
    odds = -1.75 + 0.85 * (np.log1p(seen) - 4.3) - 1.0 * (opinion - 3.6) + 0.5 * upset
    odds += -0.75 * tier - 0.12 * (tenure - 3.0) - 0.6 * newsletter + 0.7 * partner - 0.4 * referred
    odds += 1.3 * ((tickets >= 2) & (tier <= 1)) + 1.4 * ((age < 32) & (web > 0))
    churn = rng.random(n) < _sigmoid(odds)

    # What the shop's export shows of it.
    midnight = np.datetime64(SNAPSHOT.date(), "s")
    signup = pd.Series(midnight - back * 86_400 + clock_in)
    last = pd.Series(midnight - seen * 86_400 + clock_last).mask(never)
    born = pd.Series(midnight - np.rint(age * 365.25).astype(np.int64) * 86_400)
    out["birth_date"] = born.dt.strftime("%Y-%m-%d")
    out["signup"] = signup.dt.strftime("%Y-%m-%d %H:%M:%S")
    out["last_visit"] = last.dt.strftime("%Y-%m-%d %H:%M:%S")
    out["channel"] = np.array(list(CHANNELS))[channel]
    out["tier"] = np.array(TIERS)[tier]
    out["income"] = pd.Series([f"{v:,.2f}" for v in np.exp(log_income)]).mask(no_income)
    out["spend"] = [f"{v:.2f}" for v in spend]
    out["visits"], out["support_tickets"] = visits, tickets
    out["newsletter"] = np.where(newsletter, "yes", "no")
    out["referred"] = pd.Series(np.where(referred, "yes", "no")).mask(no_referred)
    out["satisfaction"] = pd.Series(opinion).mask(silent).astype("Int64")
    out["churn"] = np.where(churn, "yes", "no")
    front = ["customer_id", "name", "email", "phone"]
    return out[[*front, *(c for c in out if c not in front)]]


def from_sklearn(loader: Callable[..., Any], target: str) -> pd.DataFrame:
    """Take one of scikit-learn's own tables, with the class spelled out in the last column.

    Parameters
    ----------
    loader, target
        `load_wine` or `load_breast_cancer`, and a name for the class column.

    Returns
    -------
    pandas.DataFrame
        Numeric columns with names in snake case, then the class by its name.
    """
    bunch = loader(as_frame=True)
    frame: pd.DataFrame = bunch.data.rename(columns=lambda c: re.sub(r"\W+", "_", c))
    return frame.assign(**{target: np.asarray(bunch.target_names)[bunch.target]})


def main() -> None:
    """Write the three tables next to this script."""
    tables = {
        "customers": make_customers(),
        "wine": from_sklearn(load_wine, "cultivar"),
        "breast_cancer": from_sklearn(load_breast_cancer, "diagnosis"),
    }
    for name, frame in tables.items():
        path = Path(__file__).with_name(f"{name}.csv")
        # Ten significant digits give each number back as it was published (1001, not 1001.0).
        frame.to_csv(path, index=False, lineterminator="\n", float_format="%.10g", encoding="utf-8")
        print(f"{path.name}: {len(frame)} rows, {frame.shape[1]} columns")


if __name__ == "__main__":
    main()
