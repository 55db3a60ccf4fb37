"""The figures of many processes."""

import os
import subprocess
import sys
from pathlib import Path

from hub import metrics

COUNT = "from hub import metrics; metrics.accepted('api', {count})"
TELL = "from hub import metrics; print(metrics.exposition().decode())"


def test_whichever_process_is_asked_answers_for_all(tmp_path: Path) -> None:
    """Each counts for itself, in a folder that they share; one that has ended still counts."""
    for count in (2, 3):
        _python(COUNT.format(count=count), tmp_path)

    figures = _python(TELL, tmp_path)

    assert 'hub_messages_accepted_total{channel="api"} 5.0' in figures


def test_what_a_process_holds_goes_with_it(tmp_path: Path) -> None:
    """Tasks and waiting messages of a process that ended are nobody's, and nor is its Redis."""
    ended = "metrics.process(waiting=4, tasks=9); metrics.part('redis', up=False)"
    _python(f"from hub import metrics; {ended}", tmp_path)

    alive = "metrics.process(waiting=1, tasks=2); metrics.part('redis', up=True)"
    figures = _python(f"from hub import metrics; {alive}; {TELL}", tmp_path)

    assert "hub_messages_waiting 1.0" in figures
    assert "hub_tasks 2.0" in figures
    assert 'hub_part_up{part="redis"} 1.0' in figures


def test_process_alone_keeps_its_figures_in_memory() -> None:
    """Nothing has to be set."""
    metrics.accepted("alone", 2)
    metrics.batch(3)

    figures = metrics.exposition()

    assert b'hub_messages_accepted_total{channel="alone"} 2.0' in figures
    assert b"hub_batch_size_count" in figures


def _python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {metrics.FOLDER: str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
