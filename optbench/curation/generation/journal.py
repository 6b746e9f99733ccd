"""The file of pairs: one JSON object a line, each on the disk before the next is asked for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optbench.core.errors import DataError, OptbenchError, UsageError
from optbench.curation.generation.recipe import Options, Prompt
from optbench.data.rows import Row, text_of

_HEAD = b'{"index":'  # how each line begins, so that half a line can be told from another program's file


@dataclass(frozen=True)
class Pair:
    """A question with a right and a wrong answer."""

    question: str
    correct_answer: str
    incorrect_answer: str
    topic: str

    @property
    def rows(self) -> tuple[Row, Row]:
        """The pair as rows of a dataset: the right answer, then the wrong one."""
        return (
            Row(self.question, self.correct_answer, 1, topic=self.topic),
            Row(self.question, self.incorrect_answer, -1, topic=self.topic),
        )


class Record(BaseModel):
    """A pair and all that made it; the order of the fields is that of the line."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    index: int = Field(ge=0)
    question: str = Field(min_length=1)
    correct_answer: str = Field(min_length=1)
    incorrect_answer: str = Field(min_length=1)
    topic: str = Field(min_length=1)
    model: str
    model_digest: str
    ollama_version: str
    seed: int = Field(description="the command's; that of the attempt is among the options")
    options: Options
    format_sha256: str = Field(description="of the JSON schema that was sent as `format`")
    prompt: Prompt
    asked: str = Field(description="UTC")
    answered: str = Field(description="UTC")
    attempt: int = Field(ge=1)
    refused: Mapping[str, int] = Field(description="the earlier attempts at this pair, by the reason of their refusal")


def pairs(path: Path) -> list[Pair]:
    """Return the pairs in a file.

    Raises:
        DataError: it cannot be read, has no pairs or breaks a rule; the message names file, row and rule.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    records, torn = _parse(content, path)
    if torn:
        raise DataError(
            f"{path}, row {len(records) + 1}: the last line is torn; the same 'optbench data generate' goes on there"
        )
    if not records:
        raise DataError(f"{path} has no pairs; 'optbench data generate' makes some")
    return [Pair(each.question, each.correct_answer, each.incorrect_answer, each.topic) for each in records]


class Journal:
    """A file of pairs that is open to go on; no other process may write to it meanwhile.

    Raises:
        UsageError: it cannot be opened, or another process holds it.
        DataError: what is there is no file of pairs, or breaks a rule.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)  # nothing is left to write when it is closed
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}; --out names another file") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.seek(0)
            content = self._file.read()
            self.records, torn = _parse(content, path)
        except BlockingIOError:
            self._file.close()
            raise UsageError(f"another process is writing {path}; wait for it, or name another file with --out") from None
        except DataError:
            self._file.close()
            raise
        self._whole = len(content) - len(torn)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def drop_torn(self) -> None:
        """Cut off a last line of which only a part came to the disk."""
        self._file.truncate(self._whole)

    def append(self, record: Record) -> None:
        """Write a record; when this returns, it is on the disk."""
        line = record.model_dump_json().encode() + b"\n"
        try:
            written = self._file.write(line)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OptbenchError(f"{self.path} cannot be written: {error.strerror}") from error
        if written != len(line):
            raise OptbenchError(f"{self.path} cannot be written: no room for all of a line")
        self.records.append(record)


def _parse(content: bytes, path: Path) -> tuple[list[Record], bytes]:
    """Return the records of the whole lines, and what follows the last of them."""
    whole, newline, torn = content.rpartition(b"\n")
    text = text_of(whole, str(path), first=1)
    records: list[Record] = []
    for row, line in enumerate(text.split("\n") if newline else (), start=1):
        try:
            record = Record.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the line"
            raise DataError(f"{path}, row {row}: {place}: {first['msg']}") from error
        if records and record.index <= records[-1].index:
            raise DataError(f"{path}, row {row}: pair {record.index} comes after pair {records[-1].index}; numbers go up")
        records.append(record)
    begun = torn.rstrip(b"\0")  # a file that grew when the power went may end with NULs
    if not (begun.startswith(_HEAD) or _HEAD.startswith(begun)):
        raise DataError(f"{path}, row {len(records) + 1}: this is no file of pairs; --out names another")
    return records, torn
