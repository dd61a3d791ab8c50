"""From what run.py measured to lines and tables of Markdown."""

import math
import re

PEERS = ("JAX", "PyTorch", "neural-tangents")
DERIVATIVES = (
    ("swntk", "jit"),
    ("swntk", "direct"),
    ("JAX", "jit"),
    ("JAX", "unjitted"),
    ("PyTorch", "torch.func"),
    ("PyTorch", "autograd"),
)
KERNELS = (
    ("swntk", "jit"),
    ("swntk", "direct"),
    ("JAX", "jit"),
    ("JAX", "unjitted"),
    ("PyTorch", "jacobians"),
    ("PyTorch", "vector products"),
    ("neural-tangents", "1"),
    ("neural-tangents", "2"),
    ("neural-tangents", "3"),
)
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def is_kernel(row):
    return row["operation"].startswith("kernel")


def fastest(row, library):
    """Return the library's entry of least time, or None."""
    timed = [e for e in row["entries"] if e["library"] == library and e["best"] is not None]
    # Called directly, a value is NumPy's own.
    if library == "swntk" and row["operation"] == "value":
        timed = [e for e in timed if e["variant"] == "jit"]
    return min(timed, key=lambda e: e["best"], default=None)


def ratio(row):
    """Return swntk's time over the best peer's, and that peer; None where one is missing."""
    ours = fastest(row, "swntk")
    peers = [e for e in (fastest(row, library) for library in PEERS) if e]
    if ours is None or not peers:
        return None
    best = min(peers, key=lambda e: e["best"])
    return ours["best"] / best["best"], best


def geometric_mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def milliseconds(seconds):
    value = seconds * 1e3
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def two_digits(value):
    return f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"


def line(row):
    """What is printed when a row is done."""
    text = f"{row['workload']}, {row['operation']}, n = {row['samples']}: "
    cells = []
    for e in row["entries"]:
        what = milliseconds(e["best"]) if e["best"] is not None else e["error"][:100]
        cells.append(f"{e['library']} {e['variant']} {what}")
    found = ratio(row)
    return text + "; ".join(cells) + (f"; ratio {two_digits(found[0])}" if found else "")


class _Notes:
    """Footnotes: equal ones once."""

    def __init__(self):
        self.texts = []

    def mark(self, text):
        text = re.sub(r"\s+", " ", text).replace("|", "/")
        text = text if len(text) <= 200 else text[:200] + " ..."
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"

    def lines(self):
        return [f"{i}. `{text.replace('`', chr(39))}`" for i, text in enumerate(self.texts, 1)]


def table(head, rows, words=3):
    """Return the lines of a table whose first columns are words, and the others numbers."""
    rule = ["---"] * words + ["--:"] * (len(head) - words)
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


def _networks(networks):
    body = [[n["name"], n["sizes"], f"{n['parameters']:,}"] for n in networks]
    return table(["network", "sizes", "parameters"], body, words=2)


def _name(row):
    return [row["workload"], row["operation"].replace("_", ", "), row["samples"]]


def _word(error):
    for word, start in (("slow", "more than"), ("ended", "the process"), ("wrong", "wrong")):
        if error.startswith(start):
            return word
    return "raises"


def _times(rows, columns, notes):
    there = {(e["library"], e["variant"]) for row in rows for e in row["entries"]}
    columns = [column for column in columns if column in there]
    body = []
    for row in rows:
        by_column = {(e["library"], e["variant"]): e for e in row["entries"]}
        cells = _name(row)
        for column in columns:
            e = by_column.get(column)
            if e is None:
                cells.append("")
            elif e["best"] is None:
                cells.append(f"{_word(e['error'])} {notes.mark(e['error'])}")
            else:
                cells.append(milliseconds(e["best"]))
        found = ratio(row)
        cells += [two_digits(found[0]), found[1]["library"]] if found else ["", ""]
        body.append(cells)
    head = ["network", "operation", "samples", *(f"{a}, {b}" for a, b in columns)]
    return table([*head, "ratio", "to"], body)


def _means(rows):
    groups = {}
    for row in rows:
        found = ratio(row)
        if found:
            groups.setdefault(row["operation"].replace("_", ", "), []).append(found[0])
    every = [value for group in groups.values() for value in group]
    if not every:
        return []
    parts = [f"{name} {two_digits(geometric_mean(values))}" for name, values in groups.items()]
    parts.append(f"all {len(every)} rows {two_digits(geometric_mean(every))}")
    return ["", f"Geometric mean of the ratios: {', '.join(parts)}."]


def _first_and_peak(rows):
    libraries = [
        name
        for name in ("swntk", *PEERS)
        if any(e["library"] == name for row in rows for e in row["entries"])
    ]
    body = []
    for row in rows:
        best = {name: fastest(row, name) for name in libraries}
        # With jit the first call compiles; a second variant may find compiled code.
        first = {
            name: next((e for e in row["entries"] if e["library"] == name and e["first"]), None)
            for name in libraries
        }
        cells = [f"{first[n]['first'] * 1e3:,.0f}" if first[n] else "" for n in libraries]
        cells += [
            f"{best[n]['peak'] / 2**20:,.0f}" if best[n] and best[n]["peak"] is not None else ""
            for n in libraries
        ]
        body.append(_name(row) + cells)
    head = [f"first call, {name}" for name in libraries] + [f"memory, {n}" for n in libraries]
    return table(["network", "operation", "samples", *head], body)


def tables(report):
    """Return everything as Markdown."""
    notes = _Notes()
    rows = report["rows"]
    versions = "; ".join(
        f"{library}: " + ", ".join(f"{name} {version}" for name, version in found.items())
        for library, found in report["versions"].items()
    )
    out = [
        f"{report['date']}, {report['processor']}, threads: {report['threads']}, float32, "
        f"{report['minutes']:.0f} minutes. {versions}.",
        "",
        *_networks(report["networks"]),
    ]
    for title, chosen, columns in (
        ("Values and derivatives", [r for r in rows if not is_kernel(r)], DERIVATIVES),
        ("Kernels", [r for r in rows if is_kernel(r)], KERNELS),
    ):
        if chosen:
            out += ["", f"### {title}: milliseconds", ""]
            out += _times(chosen, columns, notes) + _means(chosen)
    if notes.texts:
        out += ["", "Instead of a time:", "", *notes.lines()]
    if rows:
        out += ["", "### First call (milliseconds) and memory (MiB)", "", *_first_and_peak(rows)]
    if report["cold"]:
        libraries = [n for n in ("swntk", *PEERS) if any(n in c["seconds"] for c in report["cold"])]
        out += ["", "### From the start of a process to its first result: seconds", ""]
        out += table(
            ["network", "operation", "samples", *libraries],
            [
                [c["workload"], c["operation"], str(c["n"])]
                + [f"{c['seconds'][n]:.2f}" if n in c["seconds"] else "" for n in libraries]
                for c in report["cold"]
            ],
        )
    return "\n".join(out) + "\n"


def summary(report):
    """Return the kernels' rows beside the best peer's alone, as Markdown."""
    rows = [row for row in report["rows"] if is_kernel(row) and ratio(row)]
    body = []
    for row in rows:
        found, best = ratio(row)
        ours = milliseconds(fastest(row, "swntk")["best"])
        other = f"{milliseconds(best['best'])} ({best['library']})"
        body.append([*_name(row), ours, other, two_digits(found)])
    head = ["network", "operation", "samples", "swntk", "best of the others", "ratio"]
    where = f"Milliseconds; {report['date']}, {report['processor']}, threads: {report['threads']}."
    return "\n".join([where, "", *table(head, body), *_means(rows)]) + "\n"


def write_docs(path, text):
    """Put the tables between the markers of a document."""
    document = path.read_text(encoding="utf-8")
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
