"""Sentences of the report of a cross-validation: what it shows, and its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.crossvalidation.experiment import Experiment

#: what each protocol is, in a sentence
PROTOCOLS = {
    "paper": "Folds are drawn at random by patch, as in the paper, and the epoch is "
    "fixed. Patches of one animal, and neighbours that overlap, are in training and "
    "test folds: the accuracy is optimistic.",
    "honest": "All cells of a group are in one fold. The epoch is chosen on other "
    "groups than those that are tested. This is the headline.",
    "leave-one-out": "One animal is left out at a time, and the epoch is chosen on "
    "other animals.",
}
#: what is known to be wrong or open in the paper
_OF_PAPER = (
    "The paper's best epoch (96.17 %) is chosen on the test fold itself, which is "
    "optimistic; the column best epoch here repeats that, to be compared with it only.",
    "The paper prints 2500 labelled patches, but its Table 2 has 399 cells.",
    "The paper's ResNet18 (66) and (69) train the same parameters, so that their "
    "difference is chance; they are one network here.",
    "The paper does not name its optimiser, rate and batch; they are those of "
    "MathWorks' example of the time.",
    "The recomputed values of Table 2 are accuracy 0.9148, kappa 0.852 and balanced "
    "accuracy 0.833; inhibitory cells have a sensitivity of 0.618 and a precision of "
    "0.568, on 34 cells.",
)


def caveats(
    experiment: Experiment, summary: Mapping[str, Any], *, simulated: bool, quick: bool
) -> list[str]:
    """Everything that limits the figures, one or two sentences each."""
    notes = []
    if simulated:
        notes.append(
            "All images and annotators are simulated. The figures say something about "
            "the method and the protocol, and nothing about mouse cortex."
        )
    if quick:
        notes.append(
            "This is a quick run with small images and few cells, folds and epochs. "
            "Its figures show that the experiment works, and cannot be compared with "
            "the paper."
        )
    starts = {
        one["start"]
        for part in summary.values()
        for one in part["methods"].values()
        if one["start"]
    }
    random = sorted(s for s in starts if "random" in s)
    if random:
        notes.append(
            f"These networks began with random weights: {', '.join(random)}. Where "
            "only the last layers are trained, the frozen layers know nothing, and the "
            "accuracy is far below that of ImageNet weights."
        )
    if any("napari-cellid" in s or "shipped" in s for s in starts) and simulated:
        notes.append(
            "The shipped model was trained on cells of the same simulator, so that "
            "these cells are not new to it."
        )
    if experiment.training.batch_norm == "eval":
        notes.append(
            "Batch statistics of frozen layers stay those of the starting weights, so "
            "that the frozen layers are computed once; MATLAB adapted them."
        )
    notes.append(
        "Seeds share the augmented copies of the patches; folds, the first weights of "
        "the last layer, the order of the cells and dropout differ."
    )
    for protocol, part in summary.items():
        if part["missing"]:
            notes.append(f"Protocol {protocol}: {', '.join(part['missing'])}.")
    return [*notes, *_OF_PAPER]


def findings(summary: Mapping[str, Any]) -> list[str]:
    """What the figures say on the questions of the experiment, a sentence each."""
    found = []
    for protocol, part in summary.items():
        methods = part["methods"]
        networks = {n: m for n, m in methods.items() if m["curves"]}
        if not networks:
            continue
        best = max(networks, key=lambda n: networks[n]["accuracy"]["chosen"]["mean"])
        one = networks[best]
        mean = one["accuracy"]["chosen"]["mean"]
        text = f"Protocol {protocol}: the best network is {best} with {mean:.1%}"
        rule = one.get("with_rule")
        if rule is not None:
            p = rule["p_value"]
            chance = "" if p is None else f", p = {p:.2g}"
            text += (
                f", {100 * rule['difference']:+.1f} points against two thresholds"
                f"{chance}"
            )
        found.append(f"{text}.")
    if {"paper", "honest"} <= set(summary):
        shared = [
            name
            for name in summary["paper"]["methods"]
            if name in summary["honest"]["methods"]
            and summary["paper"]["methods"][name]["curves"]
        ]
        gaps = [
            summary["paper"]["methods"][n]["accuracy"]["best"]["mean"]
            - summary["honest"]["methods"][n]["accuracy"]["chosen"]["mean"]
            for n in shared
        ]
        if gaps:
            gap = 100 * sum(gaps) / len(gaps)
            found.append(
                f"The best epoch of random folds lies {gap:.1f} "
                "points above the honest accuracy, in the mean over "
                f"{count_text(len(gaps), 'network')}."
            )
    return found
