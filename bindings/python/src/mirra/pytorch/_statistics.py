"""Normalisation over channels that a module spells out: mean, variance and division become `layer_norm`."""

from __future__ import annotations

from typing import Any

from mirra.pytorch._values import Image, Partial

SQUARE_ROOTS = {0.5: "deviation", -0.5: "inverse deviation"}


def mean(value: Image | Partial) -> Partial | None:
    """Over the channels of each pixel."""
    if isinstance(value, Image):
        return Partial("mean", value)
    return Partial("variance", value.of) if value.kind == "square" else None


def add(one: Any, other: Any) -> Partial | None:
    """The variance and a number."""
    if isinstance(other, Partial):
        one, other = other, one
    if isinstance(one, Partial) and one.kind == "variance" and isinstance(other, (int, float)):
        return Partial("variance", one.of, one.number + other)
    return None


def subtract(one: Any, other: Any) -> Partial | None:
    """A picture and its mean."""
    if isinstance(one, Image) and other == Partial("mean", one):
        return Partial("centred", one)
    return None


def multiply(one: Any, other: Any) -> Partial | None:
    """The centred picture by itself; or by the inverse of its deviation, which is the whole."""
    if isinstance(one, Partial) and isinstance(other, Partial) and one.of == other.of:
        kinds = {one.kind, other.kind}
        if kinds == {"centred"}:
            return Partial("square", one.of)
        if kinds == {"centred", "inverse deviation"}:
            return Partial("normalised", one.of, one.number + other.number)
    return None


def divide(one: Any, other: Any) -> Partial | None:
    """The centred picture by its deviation, which is the whole; or one by the deviation."""
    if isinstance(other, Partial) and other.kind == "deviation":
        if one == 1:
            return other._replace(kind="inverse deviation")
        if one == Partial("centred", other.of):
            return other._replace(kind="normalised")
    return None


def power(value: Partial, exponent: float) -> Partial | None:
    """The square of the centred picture, the root of the variance, or one by the deviation."""
    if value.kind == "centred" and exponent == 2:
        return Partial("square", value.of)
    if value.kind == "variance" and exponent in SQUARE_ROOTS:
        return value._replace(kind=SQUARE_ROOTS[exponent])
    if value.kind == "deviation" and exponent == -1:
        return value._replace(kind="inverse deviation")
    return None
