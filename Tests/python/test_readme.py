"""Run what the README and docs/ show.

- Python: the blocks of a document run in order in one namespace; one that starts with `>>>` is a
  doctest, in whose results `...` stands for any text.
- C: each block is a program, compiled and run.
- Swift: the block of the README, and of DocC's first page, is the body of
  Tests/NTKTests/ReadmeTests.swift between its markers, which `swift test` runs.
- A block below a comment `<!-- PATH -->` is a quotation from that file.
"""

import doctest
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
CATALOGUE = ROOT / "Sources" / "NTK" / "NTK.docc" / "NTK.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LIBRARY = ROOT / ".build" / "release"


def blocks(document, language):
    """Return (first line's number, code) of each fenced block in the language."""
    text = document.read_text(encoding="utf-8")
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [(text.count("\n", 0, m.start(1)) + 1, m[1]) for m in fence.finditer(text)]


@pytest.mark.parametrize(
    "document", [d for d in DOCUMENTS if blocks(d, "python")], ids=lambda d: d.name
)
def test_python(document):
    namespace = {"__name__": document.stem}
    for line, code in blocks(document, "python"):
        if code.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(
                code, namespace, document.name, str(document), line - 1
            )
            report = []
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            result = runner.run(test, out=report.append, clear_globs=False)
            assert result.failed == 0, "".join(report)
            namespace = test.globs
        else:
            # Blank lines first: tracing errors and tracebacks then name the document's own lines.
            exec(compile("\n" * (line - 1) + code, str(document), "exec"), namespace)


def test_readme_python_results():
    """The comment beside the README's kernel holds."""
    namespace = {}
    for _, code in blocks(README, "python"):
        if not code.startswith(">>>"):
            exec(code, namespace)
    f, params, x, theta = (namespace[name] for name in ("f", "params", "x", "theta"))
    np, swntk = namespace["np"], namespace["swntk"]
    jacobian = swntk.jacobian(f)(params, x)
    j = np.concatenate([d.reshape(5, 2, -1) for d in jacobian.values()], axis=2)
    np.testing.assert_allclose(theta, np.einsum("nop,mop->nm", j, j) / 2, rtol=1e-11)


@pytest.mark.parametrize(
    "document, line, code",
    [(d, line, code) for d in DOCUMENTS for line, code in blocks(d, "c")],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_c(document, line, code, tmp_path):
    source = tmp_path / "block.c"
    source.write_text(f'#line {line} "{document.name}"\n{code}', encoding="utf-8")
    program = tmp_path / "block"
    subprocess.run(
        [
            "gcc",
            "-std=c99",
            "-pedantic",
            "-Wall",
            "-Wextra",
            "-Werror",
            f"-I{ROOT / 'include'}",
            source,
            "-o",
            program,
            f"-L{LIBRARY}",
            f"-Wl,-rpath,{LIBRARY}",
            "-lntk",
        ],
        check=True,
    )
    printed = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    if document == README:
        # theta[n, m] = (1 - tanh² u[n]) (1 - tanh² u[m]) x[n]·x[m], u = x w
        numpy = pytest.importorskip("numpy")
        x, w = numpy.array([[1.0, 0, 2], [0, 1, 1]]), numpy.array([0.5, -1, 0.25])
        j = (1 - numpy.tanh(x @ w) ** 2)[:, None] * x
        numbers = numpy.array(printed.split(), float).reshape(2, 2)
        numpy.testing.assert_allclose(numbers, j @ j.T, atol=1e-6)


@pytest.mark.parametrize("document", [README, CATALOGUE], ids=lambda d: d.name)
def test_swift(document):
    ((_, shown),) = blocks(document, "swift")
    test = (ROOT / "Tests" / "NTKTests" / "ReadmeTests.swift").read_text(encoding="utf-8")
    body = re.search(r"^ *// README\n(.*?)^ *// end of README$", test, re.DOTALL | re.MULTILINE)
    imports, _, rest = shown.partition("\n\n")
    assert imports in test
    assert textwrap.dedent(body[1]).strip() == rest.strip()


def test_quotations():
    quotation = re.compile(r"^<!-- (\S+/\S+) -->\n```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for document in DOCUMENTS:
        for path, code in quotation.findall(document.read_text(encoding="utf-8")):
            source = (ROOT / path).read_text(encoding="utf-8")
            assert code in source, f"{document.name} quotes {path} wrongly"


def test_fences_are_closed():
    for document in DOCUMENTS:
        assert document.read_text(encoding="utf-8").count("```") % 2 == 0, document.name


def test_links():
    """Files that the documents link to exist."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
        prose = re.sub(r"`[^`\n]*`", "code", prose)
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
