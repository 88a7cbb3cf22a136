import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.stacks import encode_stack
from napari_cpam_stroke.errors import StoreError

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)
ON_DISK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def blobs(tmp_path):
    return BlobFolder(tmp_path / "blobs")


@pytest.fixture
def stack():
    return np.random.default_rng(1).integers(-1000, 3000, (5, 9, 8), dtype=np.int16)


@ON_DISK
@given(array=hnp.arrays(np.int16, SHAPES) | hnp.arrays(np.uint8, SHAPES), data=st.data())
def test_any_slices_come_back_as_they_were(blobs, array, data):
    name = blobs.put(encode_stack(array))
    indices = data.draw(st.lists(st.integers(0, len(array) - 1)))
    np.testing.assert_array_equal(blobs.read(name), array)
    np.testing.assert_array_equal(blobs.read(name, indices), array[indices])


@ON_DISK
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_found(blobs, stack, position, bit):
    name = blobs.put(encode_stack(stack))
    path = blobs.path(name)
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[int(position * len(good))] ^= 1 << bit
    path.write_bytes(damaged)
    assert not blobs.intact(name)
    with pytest.raises(StoreError, match=name):
        blobs.read(name)
    path.write_bytes(good)


def test_damage_in_one_slice_leaves_the_others_readable(blobs, stack):
    name = blobs.put(encode_stack(stack))
    damaged = bytearray(blobs.path(name).read_bytes())
    damaged[-1] ^= 1
    blobs.path(name).write_bytes(damaged)
    np.testing.assert_array_equal(blobs.read(name, [0, 1]), stack[:2])
    with pytest.raises(StoreError, match="slice 4"):
        blobs.read(name, [4])


def test_the_same_content_is_kept_once_and_repaired_when_put_again(blobs, stack):
    name = blobs.put(encode_stack(stack))
    blobs.path(name).write_bytes(b"torn")
    assert blobs.put(encode_stack(stack.copy())) == name
    assert list(blobs.names()) == [name]
    np.testing.assert_array_equal(blobs.read(name), stack)


def test_a_missing_file_and_a_missing_slice_are_one_sentence(blobs, stack):
    with pytest.raises(StoreError, match="missing or damaged"):
        blobs.read("ab" * 32)
    with pytest.raises(StoreError, match="there is no slice 5"):
        blobs.read(blobs.put(encode_stack(stack)), [5])


def test_deferred_stacks_are_readable_at_once_and_named_at_the_end(blobs, stack):
    with blobs.deferred():
        name = blobs.put(encode_stack(stack))
        np.testing.assert_array_equal(blobs.read(name, [2])[0], stack[2])
        assert not blobs.path(name).exists()
    assert blobs.intact(name)
    assert blobs.leftovers() == []


def test_a_failure_throws_deferred_stacks_away(blobs, stack):
    def interrupted():
        with blobs.deferred():
            blobs.put(encode_stack(stack))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    assert list(blobs.names()) == []
    assert blobs.leftovers() == []
