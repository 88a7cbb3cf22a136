"""`cpam-train`: from annotated cases to a better model.

Exit code 0 done, 1 refused, 2 bad input in one sentence, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from cpam_train.commands import data, judging, publishing, studies, training
from cpam_train.commands.common import STOPPED, errors

app = typer.Typer(
    help="Train, tune and judge stroke models on annotated head CT, and hand better ones to the viewer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("import")(data.import_)
app.command("check")(data.check)
app.command("augment-sheet")(data.augment_sheet)
app.command("fit")(training.fit)
app.command("cross-validate")(training.cross_validate)
app.command("ensemble")(training.ensemble)
app.command("tune")(studies.tune)
app.command("evaluate")(judging.evaluate)
app.command("compare")(judging.compare)
app.command("benchmark")(studies.benchmark)
app.command("learning-curve")(studies.learning_curve)
app.command("probe")(judging.probe)
app.command("promote")(publishing.promote)
app.command("rollback")(publishing.rollback)
app.command("rank")(judging.rank)


def main() -> None:
    """Run the command line; every failure a user can cause is one sentence."""
    from napari_cpam_stroke.errors import CancelledError, CpamError
    from napari_cpam_stroke.streams import replace_unprintable

    replace_unprintable()
    try:
        app()
    except CpamError as error:
        errors.print(str(error), style="red", soft_wrap=True, markup=False)
        sys.exit(STOPPED if isinstance(error, CancelledError) else 2)
    except KeyboardInterrupt:
        errors.print("Broken off.", style="red")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
