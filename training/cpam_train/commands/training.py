"""Commands that train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cpam_train.commands.common import ConfigFile, Kind, Overrides, Preset, StoreOption, console, opened


def fit(  # noqa: PLR0913 - one per option
    kind: Kind,
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for everything the run leaves behind; must be new.")],
    *,
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    devices: Annotated[int, typer.Option(help="Devices per node.", min=1)] = 1,
    nodes: Annotated[int, typer.Option(help="Nodes (start the same command on each, as torchrun or SLURM do).")] = 1,
) -> None:
    """Train a model. Ctrl-C stops gently and keeps the best weights; `--resume` goes on."""
    from cpam_train.config import build_train_config

    values = build_train_config(kind, preset=preset, file=config, overrides=settings or ())
    with opened(store) as source:
        from cpam_train.fit import Machine
        from cpam_train.fit import fit as train

        result = train(values, source, run, resume=resume, machine=Machine(devices, nodes), console=console)
    verb = "Stopped" if result.interrupted else "Done"
    console.print(
        f"{verb}: best epoch {result.best_epoch}, validation score {result.score:.4f}, in {run}. "
        f"Next: cpam-train evaluate {run} --store {store} --out DIR"
    )
