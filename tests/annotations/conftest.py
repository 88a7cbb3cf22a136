"""Stores on every database that is at hand, and small cases to put into them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url, text

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord
from napari_cpam_stroke.annotations.location import POSTGRES_DRIVER
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition, CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info, limitation, warning

NOTICES = (
    warning(NoticeCode.LOSSY_COMPRESSION, "lossy"),
    info(NoticeCode.GANTRY_TILT, "tilt 18.5 degrees", tilt_degrees=18.5),
    limitation(NoticeCode.TIME_SERIES, "a perfusion", time_points=3),
)
ACQUISITION = Acquisition("GE LightSpeed VCT", (0.43, 0.44), 5.0, Window(40, 80), "STANDARD")

POSTGRES_VARIABLE = "CPAM_STROKE_TEST_POSTGRES"
"""A postgresql:// address whose user may create schemas; without it only SQLite is tested."""

DATABASES = ["sqlite", "postgresql"] if os.environ.get(POSTGRES_VARIABLE) else ["sqlite"]


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new store may be made."""
    if request.param == "sqlite":
        yield str(tmp_path / "store")
        return
    schema = f"test_{uuid4().hex[:12]}"
    url = make_url(os.environ[POSTGRES_VARIABLE])
    engine = create_engine(url.set(drivername=POSTGRES_DRIVER), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        own = url.update_query_dict({"options": f"-csearch_path={schema}", "blobs": str(tmp_path / "blobs")})
        yield own.render_as_string(hide_password=False)
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def store(place: str) -> Iterator[AnnotationStore]:
    with AnnotationStore.open(place) as opened:
        yield opened


@pytest.fixture
def volume() -> Callable[..., CTVolume]:
    """Make a small case; another `seed` gives other pixels."""

    def make(
        case_id: str = "case", *, seed: int = 0, slices: int = 3, patient: str = "", geometry: bool = False
    ) -> CTVolume:
        hu = np.random.default_rng(seed).integers(-1024, 3000, (slices, 12, 10), dtype=np.int16)
        where = None
        if geometry:
            positions = np.c_[np.zeros(slices), np.full(slices, 0.1), np.cumsum(np.full(slices, 4.37))]
            where = VolumeGeometry(positions, np.eye(3)[0], np.eye(3)[1], (0.43, 0.44), np.full(slices, 5.0), "1.2.3")
        return CTVolume(hu, where, case_id, patient, notices=NOTICES, acquisition=ACQUISITION)

    return make


@pytest.fixture
def mask() -> Callable[..., np.ndarray]:
    """Make a mask for `volume` with `voxels` voxels of a class on one slice."""

    def make(voxels: int = 4, *, label: int = 1, z: int = 1, slices: int = 3) -> np.ndarray:
        drawn = np.zeros((slices, 12, 10), np.uint8)
        drawn[z].reshape(-1)[:voxels] = label
        return drawn

    return make


@pytest.fixture
def model() -> ModelRecord:
    return ModelRecord("default", "1.0", "ab" * 32)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a disk with some options of `mount`; called again it gets others."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], check=False)
        if done.returncode:
            pytest.skip("needs the right to mount a disk")
        return folder

    if shutil.which("mount") is None:
        pytest.skip("needs the command `mount`")
    yield mount
    while os.path.ismount(folder):
        subprocess.run(["umount", folder], check=True)
