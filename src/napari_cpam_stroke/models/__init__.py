"""Networks: CPAM-UNet and U-Net, the baselines, the slice classifier. Pure torch."""

from napari_cpam_stroke.models.attention import CrossPatchAttention
from napari_cpam_stroke.models.attention_maps import AttentionMaps
from napari_cpam_stroke.models.blocks import fold_batch_norm
from napari_cpam_stroke.models.classifier import PAPER_BACKBONES, Classifier
from napari_cpam_stroke.models.cpam_unet import CPAMUNet
from napari_cpam_stroke.models.encoder_unet import EncoderUNet
from napari_cpam_stroke.models.ensemble import Ensemble
from napari_cpam_stroke.models.factory import (
    build_model,
    count_parameters,
    restore_model,
    weights_origin,
    without_pretraining,
)
from napari_cpam_stroke.models.output import Probabilities, SegmenterOutput, probabilities
from napari_cpam_stroke.models.peers import AttentionUNet, DynUNet

__all__ = [
    "PAPER_BACKBONES",
    "AttentionMaps",
    "AttentionUNet",
    "CPAMUNet",
    "Classifier",
    "CrossPatchAttention",
    "DynUNet",
    "EncoderUNet",
    "Ensemble",
    "Probabilities",
    "SegmenterOutput",
    "build_model",
    "count_parameters",
    "fold_batch_norm",
    "probabilities",
    "restore_model",
    "weights_origin",
    "without_pretraining",
]
