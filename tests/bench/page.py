"""`docs/benchmarks.md`, its chart and its figures: written by a run, and by nothing else.

`docs/scaling.md` is reckoned from the same figures, so it is written with them.
"""

from pathlib import Path

import msgspec

from tests.bench import chart, scaling
from tests.bench.ground import POSTGRES_SETTINGS
from tests.bench.load import CONNECTIONS
from tests.bench.report import NOISY, Report, in_markdown, loads, ratios, starts, streams
from tests.bench.rows import ROWS

DOCS = Path(__file__).parents[2] / "docs"
_PAGE = Path(__file__).with_name("benchmarks.md.in")


def write(report: Report, folder: Path = DOCS) -> list[Path]:
    """Write page, chart and figures; return the files."""
    files = {
        "benchmarks.md": page(report),
        "benchmarks.svg": chart.draw(report.medians),
        "benchmarks.json": msgspec.json.format(msgspec.json.encode(report)).decode() + "\n",
    }
    if report.medians.keys() >= scaling.NEEDS:
        files["scaling.md"] = scaling.page(report, scaling.sizes())
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def page(report: Report) -> str:
    """Return the page."""
    machine = report.machine
    facts = {
        "cores": str(machine.cores),
        "memory": f"{machine.memory_gib} GiB",
        "processor": machine.processor,
        "kernel": machine.kernel,
        "file system": machine.file_system,
        **machine.versions,
    }
    return _PAGE.read_text(encoding="utf-8").format(
        command=report.command,
        date=report.date,
        rounds=len(report.rounds),
        seconds=report.seconds,
        customers=report.customers,
        ratios=in_markdown(ratios(report)),
        loads=in_markdown(loads(report)),
        streams=in_markdown(streams(report)),
        starts=in_markdown(starts(report)),
        noisy=NOISY,
        says="\n".join(f"- `{row.name}`: {row.says}" for row in ROWS),
        connections=CONNECTIONS,
        postgres=" and ".join(f"`{k}={v}`" for k, v in POSTGRES_SETTINGS.items()),
        cores=machine.cores,
        machine="\n".join(f"| {name} | {fact} |" for name, fact in facts.items()),
    )
