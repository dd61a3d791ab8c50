"""Law: docs/numpy-coverage.md says what is so: every call in it ran, traced and plain."""

import numpy as np
import numpy_coverage as coverage
import pytest
import swntk

CURRENT = np.__version__.startswith("2.4.")


@pytest.fixture(scope="module")
def sections():
    return coverage.everything()


def test_every_call_gives_numpys_result_or_raises(sections):
    assert coverage.problems(sections) == []


def test_every_call_in_single_precision(monkeypatch):
    """The same of float32 and int32, whose results NumPy keeps as narrow as it does."""
    narrow = {"f": np.float32, "i": np.int32}
    for table in (coverage.ARRAYS, coverage.PLAIN):
        for name, array in table.items():
            kind = narrow.get(array.dtype.kind)
            if kind is not None:
                monkeypatch.setitem(table, name, array.astype(kind))
    assert coverage.problems(coverage.everything()) == []


def test_padding_an_empty_axis():
    """A loop that would not end, once."""
    for mode in ("edge", "reflect", "linear_ramp", "mean"):
        odd = {"reflect_type": "odd"} if mode == "reflect" else {}
        with pytest.raises(ValueError, match="can't extend empty axis 0"):
            swntk.jit(lambda x, mode=mode, odd=odd: np.pad(x, 1, mode, **odd))(np.zeros(0))


def test_every_public_name_is_tried():
    assert coverage.not_listed() == []


@pytest.mark.skipif(not CURRENT, reason="the document is of the NumPy that requirements.txt names")
def test_document_is_current(sections):
    written = (coverage.CALLS.parents[2] / "docs" / "numpy-coverage.md").read_text("utf-8")
    assert written == coverage.document(sections), (
        "run: PYTHONPATH=python python Tests/python/numpy_coverage.py > docs/numpy-coverage.md"
    )


def test_reasons_say_what_and_what_instead(sections):
    """Where tracing raises it is the library's own error, with the user's line."""
    for names in sections.values():
        for calls in names.values():
            for call in calls:
                if call.error is None:
                    continue
                text = str(call.error)
                assert "Tracer" not in text, f"{call}: {text}"
                assert "<call>:" in text or not isinstance(call.error, coverage.LOUD), (
                    f"{call}: {text}"
                )
