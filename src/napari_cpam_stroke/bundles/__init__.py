"""Models on disk: card, weights, registry. No torch at import."""

from napari_cpam_stroke.bundles.bundle import Bundle, load_bundle, save_bundle
from napari_cpam_stroke.bundles.card import INTENDED_USE, KnownFailure, ModelCard, ModelIdentity, per_class
from napari_cpam_stroke.bundles.registry import DEFAULT, PROMPTED, ModelEntry, Registry

__all__ = [
    "DEFAULT",
    "INTENDED_USE",
    "PROMPTED",
    "Bundle",
    "KnownFailure",
    "ModelCard",
    "ModelEntry",
    "ModelIdentity",
    "Registry",
    "load_bundle",
    "per_class",
    "save_bundle",
]
