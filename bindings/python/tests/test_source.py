"""How a source behaves as Python, which the language-neutral cases cannot say."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sark


@pytest.fixture
def engine() -> Iterator[sark.Engine]:
    with sark.Engine() as engine:
        yield engine


def write(directory: Path, rego: str) -> None:
    (directory / "p.rego").write_text(f"package p\n\n{rego}")


def test_iterating_gives_activations_until_the_source_is_closed(engine: sark.Engine, tmp_path: Path) -> None:
    write(tmp_path, "x := 1")
    source = engine.follow(f"dir:{tmp_path}", name="mine")
    seen = []
    for activation in source:
        seen.append((activation["fields"]["source"], engine.evaluate("data.p.x")))
        if len(seen) == 2:
            threading.Timer(0.05, source.close).start()
        else:
            write(tmp_path, "x := 22")
            source.trigger()
    assert seen == [("mine", 1), ("mine", 22)]
    assert source.status()["closed"]
    with pytest.raises(sark.Closed):
        source.wait()


def test_iterating_in_an_event_loop_blocks_nobody(engine: sark.Engine, tmp_path: Path) -> None:
    write(tmp_path, "x := 1")
    source = engine.follow(f"dir:{tmp_path}")

    async def take() -> list[Any]:
        return [activation["event"] async for activation in source]

    async def main() -> list[Any]:
        taking = asyncio.create_task(take())
        await asyncio.sleep(0.01)
        source.close()
        return await asyncio.wait_for(taking, 10)

    assert asyncio.run(main()) == ["activated"]


def test_what_else_happens_is_logged_while_iterating(engine: sark.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "x :=")
    source = engine.follow(f"dir:{tmp_path}")
    with pytest.raises(sark.CompilationError):
        source.wait(0)
    write(tmp_path, "x := 1")
    source.trigger()
    with caplog.at_level(logging.INFO, "sark"):
        next(iter(source))
    assert [record.sark_event for record in caplog.records] == ["refused", "activated"]  # type: ignore[attr-defined]


def test_what_json_cannot_say_is_refused(engine: sark.Engine, tmp_path: Path) -> None:
    with pytest.raises(sark.SerializationError):
        engine.follow(f"dir:{tmp_path}", name=object())
