import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from napari_cpam_stroke.bundles import KnownFailure, load_bundle, save_bundle
from napari_cpam_stroke.errors import BundleError


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0.0), ("float16", 1e-3)])
def test_weights_come_back(tmp_path, card, bundle, dtype, tolerance):
    state = bundle.state_dict()
    saved = save_bundle(tmp_path / "copy", replace(card, weights_dtype=dtype), state)
    loaded = load_bundle(saved.path).state_dict()
    assert loaded.keys() == state.keys()
    for name, tensor in state.items():
        torch.testing.assert_close(loaded[name].to(tensor.dtype), tensor, rtol=tolerance, atol=tolerance)


def test_card_is_read_back_with_sha_and_date(bundle):
    loaded = load_bundle(bundle.path)
    assert loaded.card == bundle.card
    assert len(loaded.card.weights_sha256) == 64
    assert loaded.card.created
    assert loaded.card.identity.sha256 == loaded.card.weights_sha256


def test_one_flipped_byte_is_found(bundle):
    weights = bundle.path / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BundleError, match="not those its card describes"):
        bundle.state_dict()
    with pytest.raises(BundleError, match="not those its card describes"):
        bundle.verify()


def test_weights_that_are_no_safetensors_are_refused_even_with_their_sha(bundle):
    import hashlib

    (bundle.path / "model.safetensors").write_bytes(b"pickle")
    card = json.loads((bundle.path / "card.json").read_text())
    card["weights_sha256"] = hashlib.sha256(b"pickle").hexdigest()
    (bundle.path / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleError, match="not a safetensors file"):
        load_bundle(bundle.path).state_dict()


def test_missing_weights_are_named(bundle):
    (bundle.path / "model.safetensors").unlink()
    with pytest.raises(BundleError, match=r"tiny@1.0 has no readable weights.*install the model again"):
        load_bundle(bundle.path).state_dict()


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "[]", "{}"])
def test_broken_card_is_one_sentence(bundle, text):
    (bundle.path / "card.json").write_text(text)
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle.path)
    assert "\n" not in str(caught.value)


def test_folder_without_a_card_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"is not a model bundle.*card.json and model.safetensors"):
        load_bundle(tmp_path)


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, card, bundle):
    with pytest.raises(BundleError, match="exists already"):
        save_bundle(bundle.path, card, bundle.state_dict())
    broken = {"weight": torch.tensor([float("nan")])}
    with pytest.raises(BundleError, match="not finite"):
        save_bundle(tmp_path / "broken", card, broken)
    with pytest.raises(BundleError, match="not finite in float16"):
        save_bundle(tmp_path / "broken", replace(card, weights_dtype="float16"), {"weight": torch.tensor([1e6])})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny"]


def test_import_loads_no_torch():
    code = "import sys, napari_cpam_stroke.bundles as b; b.Registry().list(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PICTURE = b"\x89PNG\r\n\x1a\n synthetic"
FAILURE = KnownFailure("Calcium is marked", "Marked 2 ml of a synthetic calcification.", "failures/calcium.png")


def test_pictures_of_known_failures_travel_with_the_model(tmp_path, card, bundle, registry):
    card = replace(card, failures=(FAILURE, KnownFailure("Small infarcts are missed", "Below 1 ml.")))
    saved = save_bundle(tmp_path / "shown", card, bundle.state_dict(), pictures={FAILURE.picture: PICTURE})
    entry = registry.install(saved.path, "shown")
    assert (entry.path / FAILURE.picture).read_bytes() == PICTURE
    text = (entry.path / "README.md").read_text()
    assert f"![{FAILURE.title}]({FAILURE.picture})" in text
    assert "Small infarcts are missed" in text


def test_a_picture_that_is_not_there_is_said_and_nothing_is_left(tmp_path, card, bundle):
    with pytest.raises(BundleError, match=r"failures/calcium\.png"):
        save_bundle(tmp_path / "shown", replace(card, failures=(FAILURE,)), bundle.state_dict())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]


@pytest.mark.parametrize("name", ["../x.png", "failures/../x.png", "/etc/x.png", "failures/x.svg", "x.png"])
def test_a_picture_lies_in_the_bundle(name):
    with pytest.raises(ValidationError):
        KnownFailure("title", "text", name)


def sealed(bundle, content):
    """Put other bytes in the place of the weights, under a card that tells their sha256."""
    import hashlib

    (bundle.path / "model.safetensors").write_bytes(content)
    card = json.loads((bundle.path / "card.json").read_text())
    card["weights_sha256"] = hashlib.sha256(content).hexdigest()
    (bundle.path / "card.json").write_text(json.dumps(card))


def without_one(state):
    return dict(list(state.items())[1:])


def without_a_count(state):
    """Torch itself puts up with this one: it begins to count again."""
    count = next(name for name in state if name.endswith("num_batches_tracked"))
    return {name: tensor for name, tensor in state.items() if name != count}


def with_one_more(state):
    return state | {"stowaway": torch.zeros(3)}


def in_whole_numbers(state):
    return {name: tensor.round().to(torch.int32) for name, tensor in state.items()}


def not_finite(state):
    return {name: tensor * float("nan") if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def turned(state):
    return {name: tensor.reshape(-1) for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_one, "1 tensors that do not match"),
        (without_a_count, "1 tensors that do not match"),
        (with_one_more, "1 tensors that do not match"),
        (turned, "another shape"),
        (in_whole_numbers, "another kind of number"),
        (not_finite, "not finite"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_before_anything_is_installed(bundle, registry, change, sentence):
    from safetensors.torch import save

    sealed(bundle, save(change(bundle.state_dict())))
    with pytest.raises(BundleError, match=sentence):
        registry.install(bundle.path)
    assert registry.names() == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a pickle in a zip", b"\x80\x04N.", b"\xff" * 8])
def test_what_is_no_safetensors_file_is_never_installed(bundle, registry, content):
    sealed(bundle, content)
    with pytest.raises(BundleError, match="not a safetensors file"):
        registry.install(bundle.path)
    assert registry.names() == []


def linked(path, tmp_path):
    target = tmp_path / "secret"
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)


def pipe(path, _tmp_path):
    path.unlink()
    os.mkfifo(path)


def sparse(path, _tmp_path):
    with path.open("r+b") as file:
        file.truncate(2**40)


def folder(path, _tmp_path):
    path.unlink()
    path.mkdir()


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of Unix")
@pytest.mark.parametrize("made", [linked, pipe, sparse, folder])
@pytest.mark.parametrize("name", ["card.json", "model.safetensors", FAILURE.picture])
def test_only_regular_files_of_a_bounded_size_are_read(tmp_path, card, bundle, registry, name, made):
    saved = save_bundle(
        tmp_path / "shown", replace(card, failures=(FAILURE,)), bundle.state_dict(), pictures={FAILURE.picture: PICTURE}
    )
    made(saved.path / name, tmp_path)
    with pytest.raises(BundleError) as caught:
        registry.install(saved.path)
    assert "\n" not in str(caught.value)
    assert registry.names() == []


def test_a_picture_that_is_no_picture_stays_out(tmp_path, card, bundle, registry):
    saved = save_bundle(
        tmp_path / "shown", replace(card, failures=(FAILURE,)), bundle.state_dict(), pictures={FAILURE.picture: PICTURE}
    )
    (saved.path / FAILURE.picture).write_bytes(b"root:x:0:0")
    with pytest.raises(BundleError, match="no PNG"):
        registry.install(saved.path)
    assert registry.names() == []
