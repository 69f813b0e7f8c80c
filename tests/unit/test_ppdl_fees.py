"""Which fees a home still has to take back, whatever happens to its process."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.model_chain.blobs import BlobError
from offchain.ppdl.network.fees import Fees

FIRST, SECOND = (Kind.SIGNATURE, 3, 0, 7), (Kind.SUM, 4, 10, 19)


def test_a_fee_is_known_until_it_is_settled(tmp_path: Path) -> None:
    """P6: each once, also by a process that begins anew."""
    path = tmp_path / "home" / "fees"
    assert Fees(path).open() == []
    Fees(path).add([FIRST])
    Fees(path).add([SECOND, FIRST])
    assert Fees(path).open() == [FIRST, SECOND]
    Fees(path).settle(FIRST)
    assert Fees(path).open() == [SECOND]
    Fees(path).settle(FIRST)
    assert Fees(path).open() == [SECOND]


@pytest.mark.parametrize("content", [b"", b"no fees", b"\x91\x94\x63\x01\x01\x01"])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    """P9"""
    (tmp_path / "fees").write_bytes(content)
    with pytest.raises(BlobError, match=r"^.*fees can't be read: [^\n]*$"):
        Fees(tmp_path / "fees").open()
