from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest

from napari_cpam_stroke.core import Notice, NoticeCode
from napari_cpam_stroke.core.notice import info, limitation, notice_of, refusal, sentences, warning

SAID = (
    info(NoticeCode.KERNEL, "Kernel soft.", kernel="soft"),
    warning(NoticeCode.CONTRAST_AGENT, "Contrast agent (x).", agent="x"),
    limitation(NoticeCode.CONTRAST_AGENT, "With contrast agent."),
    refusal(NoticeCode.LOCALIZER, "A scout."),
)


@pytest.mark.parametrize("code", NoticeCode)
def test_codes_are_plain_words_with_hyphens_named_alike(code: NoticeCode) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code.value)
    assert code.name == code.value.upper().replace("-", "_")


def test_sentences_keep_their_order_and_are_chosen_by_severity() -> None:
    assert sentences(SAID, "refusal", "limitation") == ("With contrast agent.", "A scout.")
    assert sentences(SAID, "info") == ("Kernel soft.",)
    assert sentences(SAID) == ()


def test_a_notice_is_found_by_its_code() -> None:
    assert notice_of(SAID, NoticeCode.CONTRAST_AGENT) is SAID[1]
    assert notice_of(SAID, NoticeCode.NOT_CT) is None


def test_equal_notices_are_one_in_a_set_and_their_data_counts() -> None:
    again = info(NoticeCode.KERNEL, "Kernel soft.", kernel="soft")
    assert {SAID[0], again} == {SAID[0]}
    assert again != info(NoticeCode.KERNEL, "Kernel soft.", kernel="hard")


def test_a_notice_is_json_and_back() -> None:
    plain = json.loads(json.dumps(asdict(SAID[0])))
    assert plain == {"code": "kernel", "severity": "info", "sentence": "Kernel soft.", "data": {"kernel": "soft"}}
    assert Notice(**plain | {"code": NoticeCode(plain["code"])}) == SAID[0]
