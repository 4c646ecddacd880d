"""Reasons for the choice of model and device, and for the state of a corpus, in Chinese. They are made in English, clause
by clause, where the choice is.

Knows sentences only. A clause that is not known here is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.web.mishaps import sentence
from tutor.web.strings import Tongue
from tutor.web.words.simplified import simplified

# English clause (a pattern) -> Traditional Chinese.
_CLAUSES: tuple[tuple[str, str], ...] = (
    (r"no CUDA GPU found", "沒有找到 CUDA GPU"),
    (r"no working CUDA GPU \(.*\)", "CUDA GPU 無法使用（nvidia-smi 沒有正常回應）"),
    (r"the GPU \((.+)\) is too old for AWQ \(compute capability (.+)\)", r"GPU（\1）太舊，跑不了 AWQ（運算能力 \2）"),
    (r"the GPU \((.+)\) has (\S+) MiB, the AWQ model wants (\S+)", r"GPU（\1）只有 \2 MiB，AWQ 模型需要 \3 MiB"),
    (r"a CUDA GPU is here \((.+)\)", r"有 CUDA GPU（\1）"),
    (r"vLLM is not installed \((.+)\)", r"沒有安裝 vLLM（\1）"),
    (r"vLLM is installed", "已安裝 vLLM"),
    (r"(.+) and vLLM is installed", r"\1，並且已安裝 vLLM"),
    (r"the model hub cannot be reached \((.+)\)", r"連不到模型下載站（\1）"),
    (r"the model hub answers", "模型下載站有回應"),
    (r"the model hub answered (\d+)", r"模型下載站回應 \1"),
    (r"the model hub did not answer within (\S+) s", r"模型下載站 \1 秒內沒有回應"),
    (r"TUTOR_OFFLINE is set", "設定了 TUTOR_OFFLINE，不連網路"),
    (r"it is not on the model hub", "模型下載站沒有這個模型"),
    (r"using the packaged (\S+) model", r"使用套件裡附的 \1 模型"),
    (r"using (\S+) from there", r"從那裡取得 \1"),
    (r"(\S+) is not on disk and (.+)", r"\1 不在磁碟上，而且\2"),
    (r"(\S+) is on disk", r"\1 已在磁碟上"),
    (r"no model is on disk, so answers are extracts \(mend: (.+)\)", r"磁碟上沒有模型，所以摘錄原文（解法：\1）"),
    (r"chosen by (TUTOR_MODEL=.+?): answers are extracts, no model runs", r"由 \1 指定：摘錄原文，不執行模型"),
    (r"chosen by (TUTOR_MODEL=.+?): a stand-in for tests", r"由 \1 指定：測試用的替身"),
    (r"chosen by (.+?): answers are extracts, no model runs", r"由 \1 指定：摘錄原文，不執行模型"),
    (r"chosen by (.+?): a stand-in for tests", r"由 \1 指定：測試用的替身"),
    (r"chosen by (.+)", r"由 \1 指定"),
    (r"TUTOR_SERVER_URL is set: (.+)", r"設定了 TUTOR_SERVER_URL：\1"),
    (r"checking (\S+): (.+)", r"正在檢查 \1：\2"),
    (r"fetching (\S+): (.+) of (.+)", r"正在下載 \1：\2／\3"),
    # Of a corpus on the shelf.
    (r"it has no index yet", "還沒有索引"),
    (r"its index is damaged", "索引損壞了"),
    (r"another version of the tutor built it", "是別的版本建立的"),
    (r"the settings ask for vectors of (.+)", r"設定要的向量是 \1"),
    (r"its document is gone", "文件不見了"),
    (r"its document has changed", "文件改過了"),
    (r"its document cannot be read any more \(.+\)", "文件已經讀不了"),
    (r"(\S+) (\S+) free", r"剩餘 \1 \2"),
)
_BLANK = re.compile(r"\\(\d)")
_COMPILED = tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _CLAUSES)


def reason(text: str, tongue: Tongue) -> str:
    """A reason in the visitor's language."""
    if tongue == "en" or not text:
        return text
    whole = sentence(text, tongue)
    if whole != text:  # an error, or what the engine says that it does
        return whole
    return "；".join(_clause(clause.strip(), tongue) for clause in text.rstrip(".").split("; "))


def _clause(text: str, tongue: Tongue) -> str:
    """A clause in the visitor's script; names and paths that are filled in keep theirs."""
    for pattern, chinese in _COMPILED:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = [_clause(part, tongue) if " " in part else part for part in found.groups()]
        return _filled(simplified(chinese) if tongue == "zh-CN" else chinese, parts)
    return text


def _filled(text: str, parts: Sequence[str]) -> str:
    return _BLANK.sub(lambda blank: parts[int(blank[1]) - 1], text)
