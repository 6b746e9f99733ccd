"""The file of pairs: one JSON object per line, each on the disk before the next is requested.

A pair that was given up has a line too, without texts, so that its rejected answers stay counted.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optbench.core.errors import DataError, OptbenchError, UsageError
from optbench.core.files import read_bytes
from optbench.curation.generation.recipe import Options, Prompt
from optbench.data.manifest import validated_json
from optbench.data.rows import Row, text_of

_HEAD = b'{"index":'  # the beginning of each line: it tells an incomplete line from another program's file


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
    """A pair and all that determined it, or one that was given up; the fields are in the order of the line.

    What is None by default is not in files of earlier versions, which can be frozen but not continued.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    index: int = Field(ge=0)
    question: str | None = Field(min_length=1, description="null, as the answers, in a pair that was given up")
    correct_answer: str | None = Field(min_length=1)
    incorrect_answer: str | None = Field(min_length=1)
    topic: str = Field(min_length=1)
    language: str | None = Field(default=None, description="what the texts had to be written in to be accepted")
    model: str
    model_digest: str
    ollama_version: str
    seed: int = Field(description="the seed of the command; that of the attempt is in the options")
    options: Options
    format_sha256: str = Field(description="of the JSON schema, the `format` of the request")
    prompt: Prompt
    asked: str = Field(description="UTC")
    answered: str = Field(description="UTC")
    attempt: int = Field(ge=1, description="the last attempt at this pair")
    refused: Mapping[str, int] = Field(description="the number of rejected attempts at this pair, by reason")
    done_reason: str | None = Field(default=None, description="why the last answer ended, as the server says")
    prompt_tokens: int | None = Field(default=None, description="of the last attempt, as the server counts")
    answer_tokens: int | None = Field(default=None, description="of the last attempt, as the server counts")

    @model_validator(mode="after")
    def _has_all_texts_or_none(self) -> Self:
        if len({text is None for text in (self.question, self.correct_answer, self.incorrect_answer)}) > 1:
            raise ValueError("a pair has a question and two answers, or null for each of them")
        return self

    @property
    def pair(self) -> Pair | None:
        """The texts, or None if the pair was given up."""
        if self.question is None or self.correct_answer is None or self.incorrect_answer is None:
            return None
        return Pair(self.question, self.correct_answer, self.incorrect_answer, self.topic)


def records(path: Path) -> list[Record]:
    """Return the lines of a file of pairs, of which at least one is a pair.

    Raises:
        DataError: it cannot be read, has no pairs or breaks a rule; the message names file, row and rule.
    """
    found, incomplete = _parse(read_bytes(path), path)
    if incomplete:
        raise DataError(
            f"{path}, row {len(found) + 1}: the last line is incomplete; the same 'optbench data generate' continues there"
        )
    if not any(record.pair for record in found):
        raise DataError(f"{path} has no pairs; 'optbench data generate' generates them")
    return found


def pairs(path: Path) -> list[Pair]:
    """Return the pairs in a file, without those that were given up.

    Raises:
        DataError: as `records`.
    """
    return [record.pair for record in records(path) if record.pair]


class Journal:
    """A file of pairs, open and locked for appending.

    Raises:
        UsageError: it cannot be opened, or another process has locked it.
        DataError: it exists and is not a file of pairs, or breaks a rule.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)  # unbuffered, so that closing it writes nothing
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}; choose another file with --out") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.seek(0)
            content = self._file.read()
            self.records, incomplete = _parse(content, path)
        except BlockingIOError:
            self._file.close()
            raise UsageError(f"another process is writing {path}; wait for it, or choose another file with --out") from None
        except DataError:
            self._file.close()
            raise
        self._complete = len(content) - len(incomplete)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def drop_incomplete(self) -> None:
        """Remove an incomplete last line."""
        self._file.truncate(self._complete)

    def append(self, record: Record) -> None:
        """Write a record and flush it to the disk.

        Raises:
            OptbenchError: it cannot be written.
        """
        line = record.model_dump_json().encode() + b"\n"
        try:
            written = self._file.write(line)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OptbenchError(f"{self.path} cannot be written: {error.strerror}") from error
        if written != len(line):
            raise OptbenchError(f"{self.path} cannot be written: no space for the whole line")
        self.records.append(record)


def _parse(content: bytes, path: Path) -> tuple[list[Record], bytes]:
    """Return the records of the complete lines, and the bytes after the last of them."""
    complete, newline, incomplete = content.rpartition(b"\n")
    text = text_of(complete, str(path), first=1)
    records: list[Record] = []
    for row, line in enumerate(text.split("\n") if newline else (), start=1):
        record = validated_json(Record, line, f"{path}, row {row}")
        if records and record.index <= records[-1].index:
            raise DataError(f"{path}, row {row}: pair {record.index} follows pair {records[-1].index}; numbers must increase")
        records.append(record)
    begun = incomplete.rstrip(b"\0")  # a file may end with NULs after a power failure
    if not (begun.startswith(_HEAD) or _HEAD.startswith(begun)):
        raise DataError(f"{path}, row {len(records) + 1}: this is not a file of pairs; choose another with --out")
    return records, incomplete
