"""The prompts, in Turkish, and the topics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optbench.core.errors import DataError
from optbench.core.files import read_bytes
from optbench.curation.characters import has_invisible
from optbench.data.rows import text_of

TOPICS = Path(__file__).parent / "topics.txt"
"""The topics that come with optbench."""
RECALLED = 20
"""The number of earlier questions on the topic that the prompt lists, so that they are not repeated."""
LONGEST_TOPIC = 200

SYSTEM = """\
Türkçe bir soru-cevap veri kümesi için örnekler yazıyorsun. Her seferinde verilen konuda bir soru (question), bir doğru cevap \
(correct_answer) ve bir yanlış cevap (incorrect_answer) yazarsın. Kurallar:
- Soru tek başına anlaşılır, kısa ve açıktır; cevabı kesin olarak bilinir.
- Doğru cevap tek cümledir ve kesinlikle doğrudur.
- Yanlış cevap tek cümledir, inandırıcıdır ama kesinlikle yanlıştır.
- İki cevap aynı uzunlukta ve aynı üsluptadır; hangisinin doğru olduğu yalnızca içeriğinden anlaşılır.
- Metinlerde satır sonu, madde işareti ya da numara bulunmaz.
Yalnızca question, correct_answer ve incorrect_answer alanları olan bir JSON nesnesi yaz."""


def user_prompt(topic: str, earlier: Sequence[str]) -> str:
    """Return the prompt for one more question on a topic, different from the latest of the earlier ones."""
    recalled = "".join(f"- {question}\n" for question in earlier[-RECALLED:])
    unlike = (
        f"Bu konuda daha önce sorulanlar aşağıdadır; bunları ve bunlara benzeyenleri sorma:\n{recalled}" if recalled else ""
    )
    return f"Konu: {topic}\n{unlike}Bu konuda yeni bir soru, bir doğru cevap ve bir yanlış cevap yaz."


def read_topics(path: Path) -> tuple[str, ...]:
    """Return the topics in a file, one per line; empty lines are skipped.

    Raises:
        DataError: it cannot be read, is not plain UTF-8, names a topic twice or none; the message names file and row.
    """
    text = text_of(read_bytes(path), str(path), crlf=True, first=1)
    topics: dict[str, str] = {}
    for row, line in enumerate(text.split("\n"), start=1):
        topic = line.strip()
        if len(topic) > LONGEST_TOPIC:
            raise DataError(f"{path}, row {row}: the topic has {len(topic)} characters; at most {LONGEST_TOPIC} are allowed")
        if has_invisible(topic):
            raise DataError(f"{path}, row {row}: the topic {topic!r} contains a control character; remove it")
        if topic.casefold() in topics:
            raise DataError(f"{path}, row {row}: the topic {topic!r} occurs twice")
        if topic:
            topics[topic.casefold()] = topic
    if not topics:
        raise DataError(f"{path} has no topics; write one per line")
    return tuple(topics.values())
