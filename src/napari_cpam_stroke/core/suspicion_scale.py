"""Probabilities on a scale for people, 0 to 100, on which a model's own threshold is always 50.

A calibrated model of a rare finding decides at a probability such as 0.03, where nobody has a feeling for more and
less. The scale shifts the log-odds, so that the threshold comes to lie in the middle: 0 and 1 stay 0 and 100, the order
stays, and with a threshold of 0.5 the scale is the probability in percent.
"""

from __future__ import annotations

from scipy.special import expit, logit

OWN = 50.0
"""Where the model's own threshold lies."""

TOP = 100.0

NEAREST_TO_CERTAIN = 1e-6
"""Thresholds nearer to 0 or 1 are taken for this far away: their log-odds have no bound."""


def suspicion(probability: float, threshold: float) -> float:
    """Return a probability of 0..1 as 0..100; 50 at the model's own threshold, 0..1."""
    if probability <= 0 or probability >= 1:
        return TOP * (probability >= 1)
    return TOP * float(expit(logit(probability) - logit(_inside(threshold))))


def probability_at(value: float, threshold: float) -> float:
    """Return the probability, 0..1, that lies at 0..100 of the scale; the threshold itself at 50."""
    if value == OWN:
        return threshold
    if value <= 0 or value >= TOP:
        return float(value >= TOP)
    return float(expit(logit(value / TOP) + logit(_inside(threshold))))


def _inside(threshold: float) -> float:
    return min(max(threshold, NEAREST_TO_CERTAIN), 1 - NEAREST_TO_CERTAIN)
