"""Sentences of the guide that no step beside this file runs: where they are run, or why they cannot be."""

SECTIONS = {
    "Command line": "cli",
    "When something is wrong": "dicom",
}
"""Sections without a window by their heading, and the tests that run what they say."""

TOOLS = "widgets/reading/test_prompt_tools.py"
IN_BAND = "widgets/docks/test_findings.py::test_a_case_in_the_band_is_referred_and_warnings_of_the_run_are_shown"
TEACHES = "widgets/docks/test_case_search.py"
TRAIN = "widgets/docks/test_train.py"
RETRAINING = "loop/test_retraining.py::test_corrections_become_a_better_model_within_the_room"

ELSEWHERE = {
    "*unsure, refer*": IN_BAND,
    "the suspicion lies in the grey band in which the model leaves the case to a reader": IN_BAND,
    "Other keys can be chosen in napari's *Preferences > Shortcuts* while the room is open;": (
        "widgets/reading/test_keys.py::test_keys_changed_in_the_preferences_are_kept"
    ),
    "they are kept with the room's own settings.": (
        "widgets/reading/test_keys.py::test_a_kept_key_is_that_of_the_next_room"
    ),
    "What to read next: *teaches* puts first what would teach the model most, 0 to 1.": (
        f"{TEACHES}::test_a_click_puts_first_what_teaches_most_and_the_reason_is_said"
    ),
    "A click on its head, *What teaches the model most first* in the menu of the heads, or left and right bring the "
    "list into this order;": f"{TEACHES}::test_keys_alone_reach_what_teaches_most",
    "the line under the list then says why of the current case.": (
        f"{TEACHES}::test_a_click_puts_first_what_teaches_most_and_the_reason_is_said"
    ),
    "It is measured in the patient, from each slice's own position, so it is right across slices and with a tilted "
    "gantry too.": "widgets/docks/test_measurements.py::test_a_ruler_across_slices_counts_their_true_steps",
    "ABC/2 stands in the table of *Findings* beside the volume of each hemorrhage from 0.1 ml on: A the largest "
    "diameter on the slice with the largest area, B the width at right angles to it, C the slices' heights, whole "
    "above 75 % of the largest area, half from 25 % on, else not counted (Kothari 1996).": "core/test_abc2.py",
    "Without positions both are gone through by equal shares, and the dock says so.": (
        "widgets/docks/test_prior.py::test_without_positions_the_dock_says_how_it_links"
    ),
    "where that cannot be told, the dock says so.": "widgets/docks/test_prior.py::test_what_is_not_known_is_said",
    "NIfTI cannot hold a tilted or unevenly spaced stack: such a mask is resampled, and the export says so.": (
        "cli/test_predict_what_can_be_written.py::test_a_tilted_series_gets_a_resampled_seg_on_demand"
    ),
    "Where the source has no valid ones, everything else is written and a note in the report says why these two are "
    "missing.": "cli/test_predict_what_can_be_written.py::test_seg_and_sr_are_left_out_with_the_reason",
    "Both name the model: its version with the first digits of the sha256 of its weights, the whole sha256 as the "
    "device's serial number and among the algorithm's parameters, with its training data and thresholds.": (
        "dicom/derived/test_report.py::test_seg_and_sr_name_the_weights_and_their_training_data"
    ),
    "The SR has a row for each class (ml, 0 too; of a model the probability, its threshold and the band in which a "
    "reader must decide, in percent) and one for each lesion (ml, first and last slice from 0, its images, the model's "
    "mean probability).": "dicom/derived/test_report.py::test_each_lesion_has_a_row_with_its_slices_and_images",
    "While you draw, a contour shows what it would become.": (
        f"{TOOLS}::test_a_contour_follows_before_the_button_is_let_go"
    ),
    "what you paint or erase between two prompts, until a prompt points at it;": (
        f"{TOOLS}::test_prompts_brush_and_undo_in_any_order"
    ),
    "A point or scribble for it within 5 mm beside it goes on with it too.": (
        f"{TOOLS}::test_a_point_just_beside_a_mask_goes_on_with_it_and_one_far_away_does_not"
    ),
    "*nnInteractive* stands there for those who have installed its package (`pip install nninteractive`) and have put "
    "its weights, which are for non-commercial use and not ours to give, into the folder `nninteractive` of the "
    "program's own folder, or named their folder in `CPAM_STROKE_NNINTERACTIVE`;": (
        "widgets/reading/test_prompt_engines.py::test_nninteractive_is_offered_last_and_only_to_who_has_it"
    ),
    "A click stops a model that is still running.": (
        f"{TOOLS}::test_a_click_stops_a_model_that_runs_in_the_background"
    ),
    "where a model has been run, what it saw counts too.": f"{TOOLS}::test_what_the_model_saw_is_passed_on",
    "*Train*, a tab behind *Cases*, makes a new model from the one chosen in *AI models* and from what you "
    "corrected.": RETRAINING,
    "It needs the extra `train` and says so where that is missing.": (
        f"{TRAIN}::test_without_the_extra_it_says_what_to_install"
    ),
    "Start. *quick* ends after 15 minutes, *thorough* when it gets no better, *tune* first searches settings in "
    "twelve short trainings.": "retraining/test_request.py",
    "A *name* that is there already gets a new version.": (
        "train_cli/test_cli.py::test_promotion_needs_a_gain_or_a_person_who_insists"
    ),
    "*settings* takes any setting of the [training guide](training-guide.md), such as `epochs=20`.": RETRAINING,
    "*Stop* ends after the step it is at, *Resume* goes on from there (on Windows from the last whole epoch).": (
        RETRAINING
    ),
    "A click on one of the worst cases opens it.": RETRAINING,
    "*AI models* lists it.": RETRAINING,
    "Where it is not shown to be better, or there are too few test cases, you have to say why you take it;": (
        f"{TRAIN}::test_what_is_not_shown_is_taken_only_with_a_reason"
    ),
    "*Roll back* uses the model before again.": RETRAINING,
    "*Folder...* shows a training that runs elsewhere, on a GPU or another machine: choose what its `--run` names "
    "(`cpam-train fit ... --progress jsonl`).": f"{TRAIN}::test_the_run_of_somebody_else_is_shown",
    "Once it is done, *Compare* and *Take it* work as above, on the store in use here.": (
        f"{TRAIN}::test_a_run_somebody_else_finished_is_compared_and_taken_on_the_store_in_use"
    ),
    "It ends where the lesion is no longer of another density than the brain around it, where the class is drawn "
    "already, 60 mm away, or before a gap of more than 12 mm.": (
        "prompting/test_carrying.py::test_it_stops_where_the_lesion_is_no_longer_seen"
    ),
}
"""Sentence: the test that runs it, from the folder of the tests."""

NOT_RUN = {
    "*prompted* is a small network that comes with the program and was taught by simulated readers;": "how it was made",
}
"""Sentence: why it is not run."""
