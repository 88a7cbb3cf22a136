"""A table of figures, and its three forms: Markdown to read, LaTeX to print, CSV for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cpam_train.evaluation.markdown import markdown_table
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.spreadsheet import safe_text

FORMS = (".md", ".tex", ".csv")

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
"""What means something to LaTeX, and how it is printed."""


@dataclass(frozen=True)
class Table:
    """Cells as they are shown.

    Attributes
    ----------
    note
        A sentence below it; empty without.
    names
        So many of the first columns name a row.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    names: int = 1

    @property
    def markdown(self) -> str:
        """Title, cells and note."""
        return "\n\n".join(
            [f"## {self.title}", markdown_table(self.head, self.rows), *([self.note] if self.note else [])]
        )

    @property
    def latex(self) -> str:
        r"""A floating table of rules from `booktabs`; its note ends the caption."""
        lines = [" & ".join(map(latex_text, line)) + r" \\" for line in (self.head, *self.rows)]
        caption = latex_text(". ".join(part for part in (self.title, self.note) if part))
        return "\n".join(
            (
                r"\begin{table}",
                rf"\caption{{{caption}}}",
                rf"\begin{{tabular}}{{{'l' * self.names}{'r' * (len(self.head) - self.names)}}}",
                r"\toprule",
                lines[0],
                r"\midrule",
                *lines[1:],
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
            )
        )


def latex_text(text: str) -> str:
    """Return a text as LaTeX prints it."""
    return "".join(LATEX.get(character, character) for character in text)


def csv_of(tables: Sequence[Table]) -> str:
    """Return all cells of all tables, one a line: table, row, column, value; empty cells are left out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["table", "row", "column", "value"])
    for table in tables:
        for row in table.rows:
            name = safe_text(", ".join(row[: table.names]))
            for column, cell in zip(table.head[table.names :], row[table.names :], strict=True):
                if cell not in {"", "-"}:
                    writer.writerow([table.title, name, column, safe_text(cell)])
    return text.getvalue()


def page_of(tables: Sequence[Table], *, heading: str) -> str:
    """Return tables as one page of Markdown."""
    return "\n\n".join([heading, *(table.markdown for table in tables)]) + "\n"


def write_tables(folder: Path, tables: Sequence[Table], *, name: str, heading: str) -> None:
    """Write tables into a folder in all their forms.

    Parameters
    ----------
    name
        Of the files, before the endings of `FORMS`.
    heading
        Markdown above the tables, and a comment above those in LaTeX.
    """
    comment = "\n".join(f"% {line}".rstrip() for line in (*heading.splitlines(), r"needs \usepackage{booktabs}"))
    texts = (
        page_of(tables, heading=heading),
        "\n\n".join([comment, *(table.latex for table in tables)]) + "\n",
        csv_of(tables),
    )
    for form, text in zip(FORMS, texts, strict=True):
        write_whole(folder / f"{name}{form}", text)
