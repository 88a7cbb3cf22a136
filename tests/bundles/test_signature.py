"""Who stands for a model: what is signed, by whom, and what is refused where only signed models are let in."""

import base64
import json
import sys
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from napari_cpam_stroke.bundles import KnownFailure, load_bundle, save_bundle
from napari_cpam_stroke.bundles.bundle import PNG_SIGNATURE, write_card
from napari_cpam_stroke.bundles.signature import (
    PassphraseNeededError,
    fingerprint,
    open_key,
    read_public_key,
    sign_bundle,
)
from napari_cpam_stroke.errors import BundleError, InputError

FORMS = [(Encoding.PEM, PrivateFormat.OpenSSH, PublicFormat.OpenSSH), (Encoding.PEM, PrivateFormat.PKCS8, None)]


def written_pair(folder, name="key", *, form=FORMS[0], lock=None):
    key = Ed25519PrivateKey.generate()
    encoding, private, public = form
    secret = folder / name
    secret.write_bytes(key.private_bytes(encoding, private, lock or NoEncryption()))
    spec = (Encoding.OpenSSH, public) if public else (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(*spec))
    return secret, folder / f"{name}.pub"


@pytest.fixture
def pair(tmp_path):
    return written_pair(tmp_path)


@pytest.fixture
def strict(registry, pair):
    registry.trust.add("hospital", read_public_key(pair[1]))
    registry.trust.ask_for_signatures(True)
    return registry


@pytest.mark.parametrize("form", FORMS, ids=["openssh", "pem"])
def test_a_signed_model_is_let_in_and_keeps_its_signature_under_another_name(tmp_path, registry, bundle, form):
    secret, public = written_pair(tmp_path, form=form)
    sign_bundle(bundle, open_key(secret))
    registry.trust.add("hospital", read_public_key(public))
    registry.trust.ask_for_signatures(True)
    registry.install(bundle.path, "ours")
    installed = registry.resolve("ours@1.0")
    assert installed.card.name == "ours"
    assert registry.trust.signer(installed) == "hospital"
    assert registry.use("ours").version == "1.0"


def test_without_a_signature_or_with_a_strangers_nothing_is_installed_or_opened(tmp_path, strict, bundle):
    with pytest.raises(BundleError, match="not signed by a key this machine trusts, got no signature"):
        strict.install(bundle.path, "ours")
    with pytest.raises(BundleError, match="not signed"):
        strict.resolve(bundle.path)
    sign_bundle(bundle, open_key(written_pair(tmp_path, "stranger")[0]))
    with pytest.raises(BundleError, match="got unknown key"):
        strict.install(bundle.path, "ours")
    assert strict.names() == []


def test_a_key_that_is_forgotten_shuts_out_what_it_let_in(strict, bundle, pair):
    sign_bundle(bundle, open_key(pair[0]))
    strict.install(bundle.path, "ours")
    strict.trust.forget("hospital")
    with pytest.raises(BundleError, match="not signed by a key this machine trusts"):
        strict.resolve("ours")
    strict.trust.ask_for_signatures(False)
    assert strict.resolve("ours").card.name == "ours"


def test_what_comes_with_the_program_needs_no_signature(tmp_path, strict, bundle):
    own = type(strict)(tmp_path / "home", bundled={"default": bundle.path})
    assert own.trust.policy.only_signed
    assert own.resolve("default").path == bundle.path


@pytest.mark.parametrize("change", ["threshold", "weights", "picture", "signed text", "signature"])
def test_whatever_is_changed_after_signing_is_refused(tmp_path, strict, card, bundle, pair, change):
    picture = {"failures/one.png": PNG_SIGNATURE + b"one"}
    shown = replace(card, failures=(KnownFailure("misses", "small ones", "failures/one.png"),))
    bundle = save_bundle(tmp_path / "shown", shown, bundle.state_dict(), pictures=picture)
    sign_bundle(bundle, open_key(pair[0]))
    file = bundle.path / "signature.json"
    values = json.loads(file.read_text())
    match change:
        case "threshold":
            write_card(bundle.path, replace(bundle.card, thresholds={"ischemia": 0.9, "hemorrhage": 0.9}))
        case "weights":
            other = save_bundle(
                tmp_path / "other", shown, {k: v + 1 for k, v in bundle.state_dict().items()}, pictures=picture
            )
            (bundle.path / "model.safetensors").write_bytes((other.path / "model.safetensors").read_bytes())
            write_card(bundle.path, replace(bundle.card, weights_sha256=other.card.weights_sha256))
        case "picture":
            (bundle.path / "failures" / "one.png").write_bytes(PNG_SIGNATURE + b"two")
        case "signed text":
            file.write_text(json.dumps(values | {"signed": values["signed"].replace("0.5", "0.6")}))
        case "signature":
            file.write_text(json.dumps(values | {"signature": base64.b64encode(bytes(64)).decode()}))
    with pytest.raises(BundleError, match="is not one of this model"):
        strict.install(bundle.path, "ours")
    assert strict.names() == []


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"algorithm": "rsa"}', "\x00" * 10, '{"algorithm": "ed25519", "key": 1}']
)
def test_a_broken_signature_is_one_sentence(strict, bundle, content):
    (bundle.path / "signature.json").write_text(content)
    with pytest.raises(BundleError, match=r"signature .* cannot be read"):
        strict.install(bundle.path)


def test_a_broken_policy_lets_nothing_in(strict, bundle, pair):
    sign_bundle(bundle, open_key(pair[0]))
    policy = next((bundle.path.parent / "home" / "models").glob("trust.json"))
    policy.write_text('{"only_signed": "perhaps"')
    with pytest.raises(BundleError, match="nobody can tell which models are trusted"):
        strict.install(bundle.path)


def test_a_passphrase_is_asked_for(tmp_path, bundle):
    secret, public = written_pair(tmp_path, form=FORMS[1], lock=BestAvailableEncryption(b"word"))
    with pytest.raises(PassphraseNeededError):
        open_key(secret)
    with pytest.raises(InputError, match="no private key that can be used"):
        open_key(secret, b"another")
    assert fingerprint(sign_bundle(bundle, open_key(secret, b"word")).key) == fingerprint(read_public_key(public))


def test_other_kinds_of_keys_are_one_sentence(tmp_path, bundle):
    other = generate_private_key(SECP256R1())
    file = tmp_path / "other"
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = tmp_path / "other.pub"
    public.write_bytes(other.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    for call in (lambda: open_key(file), lambda: read_public_key(public), lambda: read_public_key(file)):
        with pytest.raises(InputError, match="expected an Ed25519 key"):
            call()
    with pytest.raises(InputError, match="cannot be read"):
        read_public_key(tmp_path / "none")
    assert not (load_bundle(bundle.path).path / "signature.json").exists()


def test_a_name_keeps_its_key(registry, tmp_path):
    first, second = (read_public_key(written_pair(tmp_path, name)[1]) for name in ("a", "b"))
    registry.trust.add("hospital", first)
    registry.trust.add("hospital", first)
    with pytest.raises(BundleError, match="Another key is trusted"):
        registry.trust.add("hospital", second)
    with pytest.raises(BundleError, match="No key is trusted as 'clinic'"):
        registry.trust.forget("clinic")


def test_without_the_package_that_checks_signatures_a_sentence_says_what_to_install(strict, bundle, pair, monkeypatch):
    sign_bundle(bundle, open_key(pair[0]))
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(InputError, match=r"Signatures need a package.*signatures"):
        strict.install(bundle.path)


def test_no_signature_is_nobodys(strict, bundle):
    policy = next((bundle.path.parent / "home" / "models").glob("trust.json"))
    policy.write_text('{"only_signed": true, "keys": {"": ""}}')
    with pytest.raises(BundleError, match="got no signature"):
        strict.install(bundle.path)
