"""`cpam-stroke`: the program without its window, and the way to open it.

Exit codes: 0 done, 1 some series (or cases of a store) were refused, 2 bad input with one plain sentence, 130 stopped.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from napari_cpam_stroke import __version__
from napari_cpam_stroke.errors import CancelledError, CpamError
from napari_cpam_stroke.streams import replace_unprintable

BAD_INPUT, STOPPED = 2, 130


class OneSentence(TyperGroup):
    """The one place where a failure becomes a sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (CancelledError, KeyboardInterrupt) as error:
            typer.echo("Stopped.", err=True)
            raise typer.Exit(STOPPED) from error
        except CpamError as error:
            typer.echo(f"cpam-stroke: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        except OSError as error:
            file_name = f" ({error.filename})" if error.filename else ""
            typer.echo(
                f"cpam-stroke: {error.strerror or error}{file_name}; check the path and the space on it.", err=True
            )
            raise typer.Exit(BAD_INPUT) from error


app = typer.Typer(
    cls=OneSentence,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Read, correct and export stroke segmentation on non-contrast head CT. Research use only.",
)
models = typer.Typer(no_args_is_help=True, help="Installed models.")
store = typer.Typer(no_args_is_help=True, help="Annotation stores: a folder or a postgresql:// address.")
app.add_typer(models, name="models")
app.add_typer(store, name="store")

Source = Annotated[Path, typer.Argument(help="Folder, DICOM file, DICOMDIR or zip.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]
Model = Annotated[str, typer.Option(help="Model: default, NAME, NAME@VERSION or a bundle folder.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Reference = Annotated[str, typer.Argument(help="default, NAME, NAME@VERSION or a bundle folder.")]
NewFolder = Annotated[str, typer.Argument(help="New folder for the copy.", show_default=False)]
Store = Annotated[str, typer.Argument(help="Folder of the store, or postgresql:// address.", show_default=False)]


def main() -> None:
    """Run the command line."""
    replace_unprintable()
    logging.getLogger("highdicom").setLevel(logging.ERROR)  # says at length that a mask is empty
    app(prog_name="cpam-stroke")


@app.callback(invoke_without_command=True)
def about(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    """Show the version where asked."""
    if version:
        typer.echo(f"napari-cpam-stroke {__version__}")
        raise typer.Exit


@app.command()
def demo(
    screenshot: Annotated[Path | None, typer.Option(help="Save a picture of the window there, then stop.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report, masks and pictures [without a window: cpam-stroke-demo].")
    ] = None,
    model: Model = "default",
    device: Device = "auto",
) -> None:
    """Open napari on the bundled synthetic stroke case with the model run; without a display do the same headless."""
    from napari_cpam_stroke.commands.console import progress_of, say
    from napari_cpam_stroke.demo import run_demo

    with progress_of("demo") as stage:
        done = run_demo(screenshot=screenshot, out=out, model=model, device=device, stage=stage)
    if done is None:
        return
    say(f"Wrote report, masks and pictures: {done.folder / 'report.html'}, {done.overview}")
    if done.needs:
        say(f"No window here: {done.needs}.")
        if screenshot is not None:
            say(f"{screenshot} shows the slices instead of the window.")


@app.command("open")
def open_path(path: Source) -> None:
    """Open napari with the reading room on a folder, DICOMDIR, zip or file."""
    from napari_cpam_stroke.commands.window import open_in_window

    open_in_window(path)


@app.command()
def series(path: Source, json: Json = False) -> None:
    """List every series with its verdict and reasons, and every file set aside."""
    from napari_cpam_stroke.commands.series import list_series

    raise typer.Exit(list_series(path, as_json=json))


@app.command()
def predict(
    path: Source,
    out: Annotated[Path, typer.Option(help="A folder per series is made in it.", show_default=False)],
    model: Model = "default",
    device: Device = "auto",
    series: Annotated[
        str | None, typer.Option(help="Only this series: its id from `series`, or its Series Instance UID.")
    ] = None,
    keep_patient: Annotated[
        bool, typer.Option("--keep-patient", help="Write the patient of the source into SEG and SR, to send them back.")
    ] = False,
    resampled_seg: Annotated[
        bool,
        typer.Option(
            "--resampled-seg",
            help="Also a SEG on an even grid, for viewers that refuse tilted or unevenly spaced frames.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Run a model on every ready series; write DICOM SEG and SR, NIfTI, report.json and report.html for each."""
    from napari_cpam_stroke.commands.predict import PredictOptions
    from napari_cpam_stroke.commands.predict import predict as run

    options = PredictOptions(model, device, series, keep_patient, resampled_seg)
    raise typer.Exit(run(path, out, options, as_json=json))


@models.command("list")
def models_list(json: Json = False) -> None:
    """List every installed version."""
    from napari_cpam_stroke.commands.models import list_models

    list_models(as_json=json)


@models.command("show")
def models_show(ref: Reference = "default", json: Json = False) -> None:
    """Show a model's card: classes, thresholds, training data and terms, metrics."""
    from napari_cpam_stroke.commands.models import show_model

    show_model(ref, as_json=json)


@models.command("import")
def models_import(
    folder: Annotated[Path, typer.Argument(help="Bundle folder with card.json.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="Name to install it under [that in its card].")] = None,
) -> None:
    """Install a bundle as the next version of its name; nothing is overwritten."""
    from napari_cpam_stroke.commands.models import import_model

    import_model(folder, name)


@models.command("verify")
def models_verify(ref: Reference = "default") -> None:
    """Check a model's weights against its card, and its signature where it has one."""
    from napari_cpam_stroke.commands.models import verify_model

    verify_model(ref)


@models.command("sign")
def models_sign(
    folder: Annotated[Path, typer.Argument(help="Bundle folder with card.json.", show_default=False)],
    key: Annotated[Path, typer.Option(help="Your private Ed25519 key, as of ssh-keygen.", show_default=False)],
) -> None:
    """Stand for a bundle: write a signature over its card, weights and pictures."""
    from napari_cpam_stroke.commands.models import sign_model

    sign_model(folder, key)


@models.command("trust")
def models_trust(
    key: Annotated[Path, typer.Argument(help="A signer's public Ed25519 key.", show_default=False)],
    name: Annotated[str, typer.Option(help="Whose it is.", show_default=False)],
) -> None:
    """Trust models signed with a key."""
    from napari_cpam_stroke.commands.models import trust_key

    trust_key(key, name)


@models.command("forget")
def models_forget(name: Annotated[str, typer.Argument(help="Whose key it is.", show_default=False)]) -> None:
    """Trust a key no longer."""
    from napari_cpam_stroke.commands.models import forget_key

    forget_key(name)


@models.command("require")
def models_require(
    what: Annotated[Literal["signed", "any"], typer.Argument(help="Only signed models, or any.", show_default=False)],
) -> None:
    """Use only models signed by a trusted key (and those that came with the program), or any model."""
    from napari_cpam_stroke.commands.models import ask_for_signatures

    ask_for_signatures(what == "signed")


@models.command("use")
def models_use(ref: Reference) -> None:
    """Let a name lead to a version (NAME@VERSION)."""
    from napari_cpam_stroke.commands.models import use_model

    use_model(ref)


@models.command("rollback")
def models_rollback(name: Annotated[str, typer.Argument(help="Name of the model.", show_default=False)]) -> None:
    """Let a name lead to the version that was in use before."""
    from napari_cpam_stroke.commands.models import roll_back

    roll_back(name)


@store.command("check")
def store_check(store: Store, json: Json = False) -> None:
    """Read everything in a store and say what is damaged."""
    from napari_cpam_stroke.commands.store import check_store

    raise typer.Exit(check_store(store, as_json=json))


@store.command("export")
def store_export(store: Store, folder: NewFolder) -> None:
    """Copy a store into a new folder."""
    from napari_cpam_stroke.commands.store import export_store

    export_store(store, folder)


@store.command("import")
def store_import(
    store: Store, other: Annotated[str, typer.Argument(help="Store to take over from.", show_default=False)]
) -> None:
    """Take over what another store has and this one lacks."""
    from napari_cpam_stroke.commands.store import import_store

    import_store(store, other)


@store.command("backup")
def store_backup(store: Store, folder: NewFolder) -> None:
    """Copy a store as it is, damaged or not, into a new folder, and list what is damaged (then exit 1)."""
    from napari_cpam_stroke.commands.store_care import back_up_store

    raise typer.Exit(back_up_store(store, folder))


@store.command("restore")
def store_restore(
    backup: Annotated[str, typer.Argument(help="Folder of the backup.", show_default=False)], folder: NewFolder
) -> None:
    """Make a store of a backup, in a new folder, and read all of it again."""
    from napari_cpam_stroke.commands.store_care import restore_store

    raise typer.Exit(restore_store(backup, folder))


@store.command("repair")
def store_repair(
    store: Store, backup: Annotated[str | None, typer.Option("--from", help="A backup, or a copy of the store.")] = None
) -> None:
    """Mend what is damaged in a store, and take the rest from a backup; what is replaced is put aside."""
    from napari_cpam_stroke.commands.store_care import repair_store

    raise typer.Exit(repair_store(store, backup))


@store.command("clean")
def store_clean(
    store: Store,
    hours: Annotated[float, typer.Option("--older-than", help="Hours; younger files stay.", min=0)] = 24.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove the pixel files that crashes left and nothing needs."""
    from napari_cpam_stroke.commands.store_care import clean_store

    clean_store(store, older_than_hours=hours, remove=not dry_run)


@store.command("migrate")
def store_migrate(store: Store) -> None:
    """Bring a store of an earlier version up to date; its database as it was is kept beside it."""
    from napari_cpam_stroke.commands.store import migrate_store

    migrate_store(store)
