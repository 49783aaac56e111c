import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.running import running

CLIENT = Path(__file__).parent / "node_client"
PROTO = Path(__file__).parents[2] / "proto"
INSTALL_S = 120
RUN_S = 30


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The client with its packages, in a folder of its own."""
    folder = tmp_path / "node_client"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.node
def test_client_in_another_language_converses(installed: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as server:
            process = await asyncio.create_subprocess_exec(
                "node",
                "client.mjs",
                server.ready.grpc_address,
                str(PROTO),
                cwd=installed,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(RUN_S):
                out, err = await process.communicate()
            assert process.returncode == 0, err.decode()
        seen = json.loads(out)
        assert seen["fps"] == 30
        assert seen["rejection"]["eventSequence"] == 1
        assert "expected a number in [-1, 1]" in seen["rejection"]["message"]
        assert seen["spoken"] == "I see."
        assert seen["eventSequence"] == 3
        assert seen["refused"]["code"] == 3
        assert "event.chat.text" in seen["refused"]["details"]
        assert seen["state"] == "SESSION_STATE_ENDED"
        assert seen["packets"] >= 3
        assert any(cid.startswith("VF_") for cid in seen["blends"])
        # A packet and the field that wraps it.
        assert 0 < seen["largestBytes"] <= 500 + 3

    asyncio.run(main())
