import os

import pytest

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.errors import BundleError


def test_versions_count_up_and_nothing_is_overwritten(registry, bundle):
    first, second = registry.install(bundle.path, "mine"), registry.install(bundle.path, "mine")
    assert [first.version, second.version] == ["1.0", "2.0"]
    assert [(e.version, e.active) for e in registry.list()] == [("1.0", False), ("2.0", True)]
    assert registry.resolve("mine").card.reference == "mine@2.0"
    assert registry.resolve("mine@1.0").path == first.path
    registry.resolve("mine@1.0").state_dict()


def test_use_and_rollback(registry, bundle):
    for _ in range(3):
        registry.install(bundle.path, "mine")
    assert registry.use("mine@1.0").version == "1.0"
    assert registry.chosen == "mine"
    assert registry.rollback("mine").version == "3.0"
    assert registry.rollback("mine").version == "2.0"
    assert registry.rollback("mine").version == "1.0"
    with pytest.raises(BundleError, match="no earlier version"):
        registry.rollback("mine")


def test_install_without_activation_leaves_the_name_alone(registry, bundle):
    registry.install(bundle.path)
    assert not registry.install(bundle.path, activate=False).active
    assert registry.resolve("tiny").card.version == "1.0"


def test_bundled_model_is_default_and_protected(tmp_path, bundle):
    registry = Registry(tmp_path / "home", bundled={"default": bundle.path})
    assert registry.resolve().path == bundle.path
    assert [e.name for e in registry.list()] == ["default"]
    assert registry.chosen == "default"
    with pytest.raises(BundleError, match="is a bundled model"):
        registry.install(bundle.path, "default")
    registry.install(bundle.path, "mine")
    registry.use("mine")
    assert registry.use("default").path == bundle.path
    assert registry.chosen == "default"
    with pytest.raises(BundleError, match="no earlier version"):
        registry.rollback("default")


@pytest.mark.parametrize("ref", ["mien", "default", "", "@1.0", "mine@9.0", "mine@../1.0", "../mine", "/nowhere"])
def test_missing_models_are_one_sentence(registry, bundle, ref):
    registry.install(bundle.path, "mine")
    with pytest.raises(BundleError) as caught:
        registry.resolve(ref)
    assert "\n" not in str(caught.value)


def test_nearest_name_is_offered(registry, bundle):
    registry.install(bundle.path, "mine")
    with pytest.raises(BundleError, match=r"no model 'mien' \(did you mean 'mine'\?\)"):
        registry.resolve("mien")


def test_path_is_a_reference_too(registry, bundle):
    assert registry.resolve(bundle.path).card == bundle.card
    assert registry.resolve(f"{bundle.path.parent}{os.sep}tiny").card == bundle.card


def test_name_that_is_also_a_folder_is_ambiguous(registry, bundle, monkeypatch):
    registry.install(bundle.path, "tiny")
    monkeypatch.chdir(bundle.path.parent)
    with pytest.raises(BundleError, match="both an installed model and a folder"):
        registry.resolve("tiny")
    assert registry.resolve("./tiny").path.name == "tiny"
    assert registry.resolve("tiny@1.0").card.version == "1.0"


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 65, "a b", "default"])
def test_names_that_are_no_folder_names_are_refused(registry, bundle, name):
    with pytest.raises(BundleError):
        registry.install(bundle.path, name)
    assert registry.list() == []


def test_damaged_bundle_is_not_installed(registry, bundle):
    (bundle.path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BundleError, match="not those its card describes"):
        registry.install(bundle.path, "mine")
    assert registry.names() == []


def test_damage_after_installation_is_found(registry, bundle):
    entry = registry.install(bundle.path, "mine")
    (entry.path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BundleError):
        registry.verify("mine")
    (entry.path / "card.json").write_text("{")
    assert registry.list() == []
    with pytest.raises(BundleError, match="not valid JSON"):
        registry.verify("mine")


def test_unfinished_folders_are_passed_over(registry, bundle):
    registry.install(bundle.path, "mine")
    (registry.resolve("mine").path.parent / "2.0").mkdir()
    assert registry.install(bundle.path, "mine").version == "3.0"
    assert [e.version for e in registry.list()] == ["1.0", "3.0"]


def test_the_first_version_is_in_use_even_if_it_was_not_to_be_activated(registry, bundle):
    """A name has to lead somewhere, and to the same version after the next one is laid beside it."""
    assert registry.install(bundle.path, "mine", activate=False).active
    assert not registry.install(bundle.path, "mine", activate=False).active
    assert registry.resolve("mine").card.version == "1.0"
    registry.install(bundle.path, "mine")
    assert registry.rollback("mine").version == "1.0"


def test_going_back_to_a_version_that_is_damaged_is_one_sentence(registry, bundle):
    first = registry.install(bundle.path, "mine")
    registry.install(bundle.path, "mine")
    (first.path / "card.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="not valid JSON"):
        registry.rollback("mine")
