"""A really full disk: a file system of one or two megabytes in a namespace of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, program, real_part_missing


def on_a_small_disk(folder: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder`, on which a file system of `size` is mounted."""
    inside = f'mount -t tmpfs -o size={size} none "{folder}" && cd "{folder}" && exec "$0" -c "$1"'
    command = [program("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", inside]
    if subprocess.run([*command, "/bin/true", ""], capture_output=True, check=False).returncode:
        real_part_missing("a small file system of the tests' own (unprivileged mount)")
    done = [*command, sys.executable, textwrap.dedent(script)]
    return subprocess.run(
        done, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(CHECKOUT)}
    )


def test_an_object_that_does_not_fit_is_storage_full_and_leaves_nothing(tmp_path: Path) -> None:
    run = on_a_small_disk(
        tmp_path,
        "1m",
        """
        from pathlib import Path
        from datastore import DataKey, FolderObjects, StorageFull

        objects, key = FolderObjects(Path("objects")), DataKey.new("x")
        kept = objects.put("documents/a/v1/original", b"small", sealing=key)
        try:
            objects.put("documents/b/v1/original", bytes(3_000_000), sealing=key)
        except StorageFull as error:
            left = [str(path) for path in Path().rglob("*") if path.is_file()]
            print(error.code, left == [f"objects/{kept.key}@{kept.version}"])
        print(objects.read(kept, sealing=key))
        """,
    )
    assert (run.returncode, run.stdout.split("\n")[:2]) == (0, ["storage_full True", "b'small'"]), run.stderr


@pytest.mark.parametrize("filler", ["rows", "objects"])
def test_a_full_disk_in_an_intake_keeps_nothing_half(tmp_path: Path, filler: str) -> None:
    run = on_a_small_disk(
        tmp_path,
        "2m",
        f"""
        from pathlib import Path
        from archive import check_log
        from datastore import StorageFull
        from tests.datastore.house import House

        house = House(Path("house"))
        owner = house.owner()
        kept = 0
        try:
            for number in range(2000):
                content = str(number).encode() * (20_000 if "{filler}" == "objects" else 1)
                house.receive(owner, content=content)
                kept += 1
        except StorageFull as error:
            print(error.code)
        house.store.close()
        unfinished = list(Path("house/objects/.incoming").iterdir())
        for filler in Path("house/objects").rglob("*@*"):
            if len(unfinished) == 0 and filler.stat().st_size > 0:
                filler.unlink()  # make room, as the operator would
                break
        with house.store.log.facts() as facts:
            report = check_log(facts.leaves, checkpoint=None, origin="o", keys=[], rows=facts.rows)
        print(kept == house.store.statistics().documents["received"], unfinished)
        print([finding.code for finding in report.findings])
        """,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["storage_full", "True []", "['log-never-signed']"]
