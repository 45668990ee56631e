"""A plan goes to JSON and back, and says in one sentence what is wrong with it."""

import json

import pandas as pd
import pytest

from tabgen import PlanError
from tabgen.substitution import (
    ColumnPlan,
    Drop,
    Fake,
    Generalise,
    Keep,
    Plan,
    Pseudonymise,
    Shift,
    Synthesise,
    TablePlan,
)

FULL = Plan(
    {
        "people": TablePlan(
            (
                ColumnPlan("id", Pseudonymise("number", "persons"), "direct", "its name"),
                ColumnPlan("mail", Pseudonymise("email", email_domain="keep"), "direct"),
                ColumnPlan(("name", 1), Fake("name", "de_DE"), "direct"),
                ColumnPlan("age", Generalise(low=18, high=90.5, edges=(18, 30.5, 60))),
                ColumnPlan("born", Generalise(period="year"), "quasi"),
                ColumnPlan("seen", Shift(10, "id")),
                ColumnPlan("income", Synthesise(), "none"),
                ColumnPlan("note", Drop(), "unknown", "free text: “ü”"),
                ColumnPlan(7, Keep()),
            ),
            anonymity=5,
            together=("age", "born"),
        ),
        "empty": TablePlan(()),
    },
    key_check="0123456789abcdef",
)


def test_a_plan_goes_to_json_and_back():
    text = FULL.to_json()
    assert Plan.from_json(text) == FULL
    assert json.loads(text)["tables"]["people"]["columns"][0]["kind"] == "number"
    assert text.count("\n") > len(FULL.tables["people"].columns)


def _edited(**changes):
    column = {"column": "x", "action": "keep", **changes}
    return json.dumps({"version": 1, "tables": {"t": {"columns": [column]}}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "The plan is not JSON: "),
        ("[]", 'The plan has no "tables"'),
        ('{"version": 9, "tables": {}}', "The plan has version 9, but 1 is known here"),
        ('{"version": 1, "tables": {"t": []}}', "Table 't' of the plan has no list \"columns\""),
        ('{"version": 1, "tables": {"t": {"columns": [{"column": 1}]}}}', 'lacks "column" or "action"'),
        (_edited(action="encrypt"), "Column 'x' has the action 'encrypt', which is none of keep, drop"),
        (_edited(days=3), "Column 'x' has 'days', which the action keep does not know. It knows: nothing"),
        (_edited(action="fake"), "Column 'x' lacks what the action fake needs"),
        (
            _edited(action="fake", kind="elf"),
            "Column 'x': kind is 'elf', but must be one of name, given_name",
        ),
        (
            _edited(action="pseudonymise", kind="x"),
            "Column 'x': kind is 'x', but must be one of code, number",
        ),
        (
            _edited(action="pseudonymise", email_domain="x"),
            "email_domain is 'x', but must be one of reserved",
        ),
        (_edited(action="shift", days=0), "days must be a whole number from 1 on, but is 0"),
        (_edited(action="shift", subject="y"), "its subject 'y' is not a column of the plan"),
        (_edited(action="generalise"), "generalise needs one of low, high"),
        (_edited(action="generalise", low="a"), "'a' is not a number"),
        (_edited(action="generalise", edges=3), "3 is not a list"),
        (_edited(action="generalise", low=3, high=2), "low is 3, above high, which is 2"),
        (_edited(action="generalise", edges=[2, 1]), r"edges must rise, but are \[2, 1\]"),
        (_edited(action="generalise", nearest=0), "nearest must be above 0, but is 0"),
        (_edited(action="generalise", period="age"), "period is 'age', but must be one of year"),
        (_edited(action="generalise", first=-1), "first must be a whole number of characters, but is -1"),
        (_edited(action="generalise", first=1, high=2), "high and first cannot go together"),
        (
            _edited(sensitivity="x"),
            "Column 'x' has the sensitivity 'x', none of direct, quasi, none, unknown",
        ),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(PlanError, match=message):
        Plan.from_json(text)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TablePlan((ColumnPlan("x", Keep()),) * 2), "Column 'x' is planned twice"),
        (TablePlan((), 1, ("x",)), "anonymity must be 0 or a whole number from 2 on, but is 1"),
        (TablePlan((ColumnPlan("x", Keep()),), 3), 'anonymity needs "together"'),
        (
            TablePlan((ColumnPlan("x", Drop()),), 3, ("x",)),
            "Column 'x' is counted in together, but is not in",
        ),
    ],
)
def test_tables_are_checked(table, message):
    with pytest.raises(PlanError, match=message):
        Plan({"t": table})


def test_a_check_value_is_sixteen_digits():
    with pytest.raises(PlanError, match="key_check is 'zz', but must be null or 16 hexadecimal digits"):
        Plan({}, "zz")


def test_what_does_not_fit_the_tables_is_listed():
    plan = Plan({"t": TablePlan((ColumnPlan("x", Keep()), ColumnPlan("y", Keep())))})
    frame = pd.DataFrame({"x": [1], "z": [2]})
    assert plan.check({"t": frame[["x"]].assign(y=1)}) == []
    assert plan.check({"t": frame, "u": frame}) == [
        "Table 'u' is not in the plan. The plan has ['t'].",
        "Column 'z' of table 't' is not in the plan. Add it with an action; \"drop\" leaves it out.",
        "Column 'y' is planned, but is not in table 't'. Remove it from the plan.",
    ]
    (fault, _) = plan.check({"t": frame.rename(columns={"z": "yy"})})
    assert "'yy' of table 't' is not in the plan. Did you mean 'y'? Add it" in fault
    assert plan.check({}) == ["Table 't' is planned, but was not given. The plan has ['t']."]
