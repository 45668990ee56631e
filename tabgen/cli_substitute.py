"""The commands that replace the sensitive data of a table: plan, key and substitute."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import click

from tabgen.console import check_format, check_targets, place, quiet_tensorflow, read, say, write
from tabgen.errors import PlanError

if TYPE_CHECKING:
    from tabgen.substitution import Plan, SecretKey

KEY_FILE = click.option("--key-file", type=click.Path(), help="Secret key; see tabgen key.")
FORCE = click.option("--force", is_flag=True, help="Replace an existing file.")
QUIET = click.option("--quiet", is_flag=True, help="Say nothing but errors.")


@click.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="PLAN.json")
@KEY_FILE
@FORCE
@QUIET
def plan(source: str, target: str, key_file: str | None, force: bool, quiet: bool) -> None:
    """Propose what should become of each column of the table IN, to be read and edited.

    PLAN.json may be "-" for standard output. With a key, the plan remembers which one (not the key itself).
    """
    from tabgen.substitution import propose_plan
    from tabgen.tables import STREAM
    from tabgen.wholefiles import write_whole

    check_targets([target], force)
    text = propose_plan(read(source)[0], _key(key_file)).to_json()
    if target == STREAM:
        click.echo(text, nl=False)
    else:
        write_whole(target, lambda file: file.write(text.encode()), force=force)
    say(f"Wrote the plan to {place(target)}. Read it before you use it.", quiet)


@click.command()
@click.argument("target", metavar="FILE")
@QUIET
def key(target: str, quiet: bool) -> None:
    """Make a secret key, which decides all pseudonyms, fakes and shifts.

    Only its owner can read the file. Who has the key can undo pseudonyms; without it, none can be made again.
    """
    from tabgen.substitution import new_key, write_key

    write_key(new_key(), target)
    say(f"Wrote a new key to {target}. Keep it apart from the data.", quiet)


@click.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option(
    "--plan", "plan_file", type=click.Path(), help="Edited plan; by default the proposed one is used."
)
@KEY_FILE
@click.option("--seed", type=click.IntRange(min=0), help="Repeat exactly what is synthesised.")
@FORCE
@QUIET
def substitute(
    source: str,
    target: str,
    plan_file: str | None,
    key_file: str | None,
    seed: int | None,
    force: bool,
    quiet: bool,
) -> None:
    """Write the table IN with its sensitive data replaced to OUT."""
    from tabgen.substitution import Synthesise, propose_plan
    from tabgen.substitution import substitute as replaced

    check_targets([target], force)
    check_format(target)
    secret = _key(key_file)
    table, dialect = read(source)
    chosen = propose_plan(table, secret) if plan_file is None else _read_plan(plan_file)
    drawn = any(own.of(Synthesise) for own in chosen.tables.values())
    with quiet_tensorflow() if drawn else contextlib.nullcontext():
        fresh = replaced(table, chosen, key=secret, seed=seed)
    write(fresh, target, dialect, force)
    say(_told(chosen), quiet)
    say(f"Wrote {len(fresh):,} rows to {place(target)}.", quiet)


def _key(key_file: str | None) -> SecretKey | None:
    from tabgen.substitution import read_key

    return None if key_file is None else read_key(key_file)


def _read_plan(plan_file: str) -> Plan:
    from pathlib import Path

    from tabgen.substitution import Plan

    try:
        return Plan.from_json(Path(plan_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PlanError(f"Cannot read the plan {plan_file!r}: {reason}.") from error


def _told(plan: Plan) -> str:
    """Return what became of each column, as a table."""
    from tabgen.summary import WIDTH, text_table

    rows = [["column", "action", "sensitivity", "because"]]
    for table in plan.tables.values():
        for column in table.columns:
            action = type(column.action).__name__.lower()
            rows.append([str(column.column), action, column.sensitivity, column.reason])
    return text_table(rows, max(shutil.get_terminal_size((WIDTH, 0)).columns, 80))
