"""A room without the extra `train` says what to install, and loads nothing of the trainer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.retraining import missing_packages, require_trainer, requirements

HEAVY = """
import sys
import napari_cpam_stroke.retraining as retraining
assert retraining.missing_packages() == ()
print(sorted({"torch", "napari", "lightning", "cpam_train", "monai", "qtpy"} & set(sys.modules)))
"""


def test_with_the_extra_nothing_is_missing():
    assert missing_packages() == ()
    require_trainer()


def test_without_it_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr(requirements, "NEEDED", ("lightning", "no_such_package"))
    with pytest.raises(InputError, match=r'got no_such_package; .*pip install "\.\[train\]"'):
        require_trainer()


def test_neither_the_trainer_nor_torch_is_loaded():
    done = subprocess.run([sys.executable, "-c", HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
