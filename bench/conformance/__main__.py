"""`python -m bench.conformance FOLDER`: lets Khoso make one of everything, for judges from outside.

`khoso demo` and a few commands more, in a store of their own below FOLDER. Then FOLDER holds

    read/     searchable PDF/A of the samples, of a page turned at 300 dpi and of a bilevel scan
    signed/   NAME.n.pdf with n signatures: by the clerk; and the agency; and an officer between them
    prints/   of valid and provisional papers, the letter that arrived signed among them
    trust/    root-*, ca-*, crl-*: what the trust bundle says, as DER
    foreign/  the letter that arrived signed, under a root nobody here trusts, and no PDF/A: to be objected to
"""

import argparse
import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
KHOSO = Path(sys.executable).with_name("khoso")
_PAGE, _OTHER_PAGE = SAMPLES / "giay_khai_sinh.jpg", SAMPLES / "cong_van_ubnd.jpg"
"""The second one bears nobody's number: with somebody else's the two would wait for an answer whose they are."""
_LETTER = "qn_11TB_born_digital"
_OWNER = "040326489325"
_FOLDERS = ("scans", "read", "signed", "prints", "trust", "foreign")


class Commands:
    """The command line on a store of its own; what fails ends the run."""

    def __init__(self, folder: Path) -> None:
        self._environment = {**os.environ, "KHOSO_DATA_DIR": str(folder), "KHOSO_ENV": "development"}

    def run(self, *arguments: str | Path) -> str:
        """A command's standard output; CalledProcessError when it ends badly."""
        command = [str(KHOSO), *map(str, arguments)]
        return subprocess.run(
            command, env=self._environment, stdout=subprocess.PIPE, check=True, encoding="utf-8"
        ).stdout

    def documents(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """The documents in a command's JSON."""
        found: list[dict[str, Any]] = json.loads(self.run(*arguments, "--json"))["documents"]
        return found


def produce(folder: Path) -> None:
    """One of everything in `folder`, which must be empty."""
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    khoso = Commands(folder / "var")
    khoso.run("read", *_samples(), *_scans(folder / "scans"), "--out", folder / "read")
    _demo(khoso, folder)
    _clerk_alone(khoso, folder)
    _three_hands(khoso, folder)
    _write_trust(folder)


def _samples() -> list[Path]:
    kinds = {".jpg", ".png", ".tif", ".pdf"}
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in kinds and path.stem != _LETTER)


def _scans(folder: Path) -> Iterable[Path]:
    """A page on its side at 300 dpi, and one in black and white."""
    with Image.open(_PAGE) as page:
        large = page.resize((page.width * 3 // 2, page.height * 3 // 2))
        large.rotate(90, expand=True).save(folder / "turned_300.jpg", dpi=(300, 300), quality=85)
        page.convert("1").save(folder / "bilevel.tif", dpi=(200, 200), compression="group4")
    return sorted(folder.iterdir())


def _demo(khoso: Commands, folder: Path) -> None:
    for document in khoso.documents("demo", "--no-serve"):
        name = Path(document["file"]).stem
        # What arrived signed is not our signature.
        out = f"foreign/{name}.5.pdf" if name == _LETTER else f"signed/{name}.2.pdf"
        khoso.run("get", document["document_id"], "--out", folder / out)
    for copy in (folder / "var" / "prints").iterdir():
        copy.rename(folder / "prints" / copy.name)


def _clerk_alone(khoso: Commands, folder: Path) -> None:
    """Two files as one paper, not in force: signed once, and its print without a seal."""
    (document,) = khoso.documents("intake", _PAGE, _OTHER_PAGE, "--together", "--owner", _OWNER)
    id = document["document_id"]
    khoso.run("get", id, "--out", folder / "signed" / "provisional.1.pdf")
    print_to = ("--to", "Trường THPT", "--reason", "Nhập học", "--out", folder / "prints" / "provisional.pdf")
    khoso.run("print", id, *print_to)


def _three_hands(khoso: Commands, folder: Path) -> None:
    unsigned = folder / "read" / "turned_300.pdf"
    for number, role in enumerate(("clerk", "officer", "agency"), 1):
        signed = folder / "signed" / f"turned_300.{number}.pdf"
        khoso.run("sign", unsigned, "--as", role, "--out", signed)
        unsigned = signed


def _write_trust(folder: Path) -> None:
    envelope = json.loads((folder / "var" / "public" / "trust-bundle.json").read_bytes())
    bundle = json.loads(base64.b64decode(envelope["payload"]))
    for kind, key in (("root", "roots"), ("ca", "intermediates"), ("crl", "crls")):
        for number, item in enumerate(bundle[key]):
            (folder / "trust" / f"{kind}-{number}.der").write_bytes(base64.b64decode(item))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    produce(parser.parse_args().folder.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
