"""Commands typed in a shell to calls of the library; data on stdout, everything else on stderr."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from tabgen import __version__
from tabgen.cli_substitute import key, plan, substitute
from tabgen.console import (
    check_format,
    check_targets,
    draw,
    draw_on_cluster,
    drop_unwritten,
    gather,
    place,
    quiet_tensorflow,
    read,
    say,
    write,
)
from tabgen.errors import TabgenError, TableError

if TYPE_CHECKING:
    from tabgen.gathering import Gathered
    from tabgen.synthesizer import TabularGAN

TOO_BAD, INTERRUPTED = 3, 130
MODEL_SUFFIX = ".tabgen"


class OneShotGroup(click.Group):
    """A group whose first word may also be a file: ``tabgen IN OUT`` means ``tabgen synthesize``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a word that is no command for the input file of the one-shot."""
        if args[0] not in self.commands and (len(args) > 1 or "." in args[0]):
            args = ["synthesize", *args]
        return super().resolve_command(ctx, args)


class Epochs(click.ParamType):
    """A whole number of epochs, or "auto"."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number or the word."""
        if value == "auto":
            return value
        return click.IntRange(min=1).convert(value, param, ctx)


TRAINING = [
    click.option("--query", metavar="SQL", help="Learn what the database, whose URL IN is, answers to this."),
    click.option(
        "--model", type=click.Choice(["vae-gan", "vae", "gan"]), default="vae-gan", show_default=True,
        help="Kind of generator.",
    ),
    click.option("--epochs", type=Epochs(), default="auto", show_default=True, help="Passes over the rows."),
    click.option("--max-minutes", type=click.FloatRange(0, min_open=True), help="Time budget of training."),
    click.option(
        "--protect", type=click.Choice(["auto", "strict", "off"]), default="auto", show_default=True,
        help="Keep rare values from the model; strict: also extremes and the names of rare categories.",
    ),
    click.option(
        "--checkpoint", type=click.Path(),
        help="Keep the state of training here; a run that was killed goes on from it.",
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Repeat exactly; without it every run differs."),
    click.option("--force", is_flag=True, help="Replace existing files."),
    click.option("--quiet", is_flag=True, help="Say nothing but errors."),
]  # fmt: skip


def training_options(command: Any) -> Any:
    """Add the options that every training command has."""
    for option in reversed(TRAINING):
        command = option(command)
    return command


def drawing_options(command: Any) -> Any:
    """Add the options that every command has that draws from a fitted model."""
    for option in TRAINING[:-4:-1]:  # seed, force and quiet
        command = option(command)
    return command


@click.group(cls=OneShotGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tabgen")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Synthetic tables that look, behave and model like the real one and hold nobody's data.

    \b
    tabgen IN OUT            learn the table IN, write a synthetic table OUT
    tabgen COMMAND --help    more on each command

    Files are told by their suffix: .csv .tsv .txt .tab (also .gz), .parquet, .feather, .arrow;
    "-" is standard input or output.
    """  # noqa: D301  click needs the character itself


@cli.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--rows", type=click.IntRange(min=0), help="Rows to write; by default as many as IN has.")
@click.option("--model-file", type=click.Path(), help="Also save the fitted model here.")
@click.option("--report", type=click.Path(), help="Also compare both tables in this HTML file.")
@training_options
def synthesize(
    source: str,
    target: str,
    rows: int | None,
    model_file: str | None,
    report: str | None,
    query: str | None,
    model: str,
    epochs: int | str,
    max_minutes: float | None,
    protect: str,
    checkpoint: str | None,
    seed: int | None,
    force: bool,
    quiet: bool,
) -> None:
    """Learn the table IN and write a synthetic table OUT (the word "synthesize" can be left out)."""
    check_targets([target, model_file, report], force)
    check_format(target)
    real = gather(source, query)
    gan = _fit(real, model, epochs, max_minutes, protect, checkpoint, seed, quiet)
    count = real.rows if rows is None else rows
    synthetic = draw(gan, count, target, force=force, quiet=quiet, seed=seed)
    say(f"Wrote {count:,} rows to {place(target)} ({_training(gan)}).", quiet)
    if model_file:
        gan.save(model_file, force=force)
        say(f"Saved the model to {model_file}.", quiet)
    if report:
        from tabgen.report import write_report

        if len(synthetic) < count:  # they are in the file only
            synthetic = gan.sample(len(real.frame), seed=seed)
        card = write_report(real.frame, synthetic, report, history=gan.history_, force=force)
        say(f"Wrote the report to {report}: the verdict is {card.verdict.light}.", quiet)
    _exit_if_cut_short(gan, checkpoint, quiet)


@cli.command()
@click.argument("source", metavar="IN")
@click.argument("model_file", metavar="MODEL")
@training_options
def fit(
    source: str,
    model_file: str,
    query: str | None,
    model: str,
    epochs: int | str,
    max_minutes: float | None,
    protect: str,
    checkpoint: str | None,
    seed: int | None,
    force: bool,
    quiet: bool,
) -> None:
    """Learn the table IN and save the fitted model.

    Ctrl-C ends training with the best weights so far, which are saved; the exit code is then 130.
    A second Ctrl-C stops at once.
    """
    check_targets([model_file], force)
    gan = _fit(gather(source, query), model, epochs, max_minutes, protect, checkpoint, seed, quiet)
    gan.save(model_file, force=force)
    say(f"Saved the model to {model_file} ({_training(gan)}).", quiet)
    _exit_if_cut_short(gan, checkpoint, quiet)


@cli.command()
@click.argument("model_file", metavar="MODEL")
@click.argument("target", metavar="OUT")
@click.option(
    "--rows", type=click.IntRange(min=0), help="Rows to write; by default 1000, or those of --given."
)
@click.option("--where", help="Conditions: \"age >= 40 and city in ('Paris', 'Rome') and spouse is null\".")
@click.option("--given", type=click.Path(), help="Table of known values, one row for each row to draw.")
@click.option("--rebalance", metavar="COLUMN", help="Draw all levels of this column equally often.")
@click.option("--scheduler", metavar="ADDRESS", help="Draw on this Dask cluster; OUT is a folder of Parquet.")
@drawing_options
def sample(
    model_file: str,
    target: str,
    rows: int | None,
    where: str | None,
    given: str | None,
    rebalance: str | None,
    scheduler: str | None,
    seed: int | None,
    force: bool,
    quiet: bool,
) -> None:
    """Draw rows from a fitted model, all of which hold what is asked."""
    if scheduler is None:
        check_targets([target], force)
        check_format(target)
    if given and (where or rebalance or scheduler):
        raise click.UsageError("--given cannot go with --where, --rebalance or --scheduler.")
    gan = _load(model_file)
    count = 1_000 if rows is None else rows
    if scheduler is not None:
        draw_on_cluster(
            gan, count, target, scheduler, force=force, where=where, rebalance=rebalance, seed=seed
        )
    elif given is None:
        draw(gan, count, target, force=force, quiet=quiet, where=where, rebalance=rebalance, seed=seed)
    else:
        drawn = gan.sample(rows, where=read(given)[0], seed=seed)
        write(drawn, target, gan.dialect_, force)
        count = len(drawn)
    say(f"Wrote {count:,} rows to {place(target)}.", quiet)


@cli.command()
@click.argument("model_file", metavar="MODEL")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--point", is_flag=True, help="Fill with the middle of many draws instead of one draw.")
@drawing_options
def complete(
    model_file: str, source: str, target: str, point: bool, seed: int | None, force: bool, quiet: bool
) -> None:
    """Fill the missing cells of the table IN; columns that it lacks are drawn."""
    check_targets([target], force)
    check_format(target)
    table, dialect = read(source)
    filled = _load(model_file).complete(table, point=point, seed=seed)
    write(filled, target, dialect, force)
    say(f"Wrote {len(filled):,} rows to {place(target)}.", quiet)


@cli.command()
@click.argument("model_file", metavar="MODEL")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def score(model_file: str, source: str, target: str, force: bool, quiet: bool) -> None:
    """Add to the table IN a column log_prob: how likely each row is; outliers have the least."""
    check_targets([target], force)
    check_format(target)
    table, dialect = read(source)
    if "log_prob" in table.columns:
        raise TableError("The table has a column 'log_prob' already. Rename it.")
    likely = _load(model_file).log_prob(table)
    write(table.assign(log_prob=[f"{value:.4f}" for value in likely]), target, dialect, force)
    say(f"Wrote {len(table):,} rows to {place(target)}.", quiet)


@cli.command()
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the schema as JSON.")
@click.option("--values", is_flag=True, help="List every value that a model file holds.")
def inspect(file: str, as_json: bool, values: bool) -> None:
    """Show what tabgen takes each column of a table for, and why; of a model file also all that it holds."""
    from tabgen.cleaning import clean
    from tabgen.contents import describe_contents
    from tabgen.inference import infer_schema
    from tabgen.modelfile import load_parts
    from tabgen.relations import find_relations
    from tabgen.summary import WIDTH, summarize

    parts = load_parts(file, network=False) if file.endswith(MODEL_SUFFIX) else None
    if values and parts is None:
        raise click.UsageError(f"--values needs a model file, whose name ends in {MODEL_SUFFIX}.")
    frame = None if parts else read(file)[0]
    schema = parts.schema if parts else infer_schema(frame)
    if as_json:
        click.echo(schema.to_json())
        return
    rules = parts.relations if parts else find_relations(clean(frame, schema))
    width = max(shutil.get_terminal_size((WIDTH, 0)).columns, 80)
    click.echo(summarize(schema, rules, parts.protection.facts() if parts else None, width))
    if parts:
        click.echo("\n" + describe_contents(parts, full=values, width=width))


@cli.command()
@click.argument("real", metavar="REAL")
@click.argument("synthetic", metavar="SYNTHETIC")
@click.argument("page", metavar="OUT.html")
@click.option("--target", metavar="COLUMN", help="Column to predict, to see whether models still work.")
@click.option("--holdout", type=click.Path(), help="Real rows that the synthetic ones were not learned from.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
@click.option("--fail-under", type=click.Choice(["green", "amber"]), help="Exit with 3 if worse than this.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def report(
    real: str,
    synthetic: str,
    page: str,
    target: str | None,
    holdout: str | None,
    as_json: bool,
    fail_under: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Compare a real and a synthetic table in one HTML file: how alike, useful and safe it is."""
    from tabgen.evaluation.verdict import LIGHTS
    from tabgen.report import write_report

    check_targets([page], force)
    held_out = read(holdout)[0] if holdout else None
    tables = read(real)[0], read(synthetic)[0]
    card = write_report(*tables, page, holdout=held_out, target=target, force=force)
    say(f"Wrote the report to {page}: the verdict is {card.verdict.light}.", quiet)
    if as_json:
        click.echo(card.to_json())
    if fail_under and LIGHTS.index(card.verdict.light) > LIGHTS.index(fail_under):
        click.get_current_context().exit(TOO_BAD)


for command in (plan, key, substitute):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0 if done, 1 error, 2 wrong usage, 3 verdict too bad, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return cli.main(words, prog_name="tabgen", standalone_mode=False) or 0
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TabgenError as error:
        if "--debug" in words:
            raise
        click.echo(f"{click.style('Error:', fg='red')} {error}", err=True)
        drop_unwritten()
        return 1
    except BrokenPipeError:  # the reader of our output has left: nobody to complain to
        drop_unwritten()
        return 1


def _fit(
    table: Gathered,
    model: str,
    epochs: int | str,
    max_minutes: float | None,
    protect: str,
    checkpoint: str | None,
    seed: int | None,
    quiet: bool,
) -> TabularGAN:
    with quiet_tensorflow():
        from tabgen.synthesizer import TabularGAN
    return TabularGAN(
        model=model,
        epochs=epochs,
        max_minutes=max_minutes,
        protection=None if protect == "off" else protect,
        random_state=seed,
        verbose=not quiet and sys.stderr.isatty(),
    ).fit(table, checkpoint=checkpoint)


def _exit_if_cut_short(gan: TabularGAN, checkpoint: str | None, quiet: bool) -> None:
    """Exit as interrupted where Ctrl-C ended training; all that was asked for is written."""
    from tabgen.history import INTERRUPTED as CUT_SHORT

    if not gan.history_.empty and (gan.history_["ended"] == CUT_SHORT).any():
        if checkpoint:
            say(f"The same line with --force goes on from {checkpoint}.", quiet)
        click.get_current_context().exit(INTERRUPTED)


def _load(model_file: str) -> TabularGAN:
    with quiet_tensorflow():
        from tabgen.synthesizer import TabularGAN

        return TabularGAN.load(model_file)


def _training(gan: TabularGAN) -> str:
    if gan.history_.empty:
        return "nothing to learn: no column varies"
    seconds = gan.history_.groupby("stage")["seconds"].max().sum()
    epochs = gan.history_["learning_rate"].notna().sum()
    return f"{epochs} {'epoch' if epochs == 1 else 'epochs'} in {seconds:.0f} s"
