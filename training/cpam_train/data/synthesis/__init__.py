"""Changes to real training slices that break "source is class": lesions drawn in, lesions mirrored away."""

from cpam_train.data.synthesis.apply import Sample, synthesise
from cpam_train.data.synthesis.config import SynthesisConfig

__all__ = ["Sample", "SynthesisConfig", "synthesise"]
