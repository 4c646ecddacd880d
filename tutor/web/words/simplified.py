"""Simplified Chinese, made from the Traditional texts by OpenCC (words of Taiwan to those of the mainland), and reviewed.

What OpenCC words oddly is put right here: longer wordings first, before the text is converted.
"""

from __future__ import annotations

from functools import lru_cache

from ingest.text import converter

# Traditional -> Simplified, where the dictionary's choice reads wrongly on this page.
REVIEWED = {
    "預設": "默认",
    "複製": "复制",
    "回饋": "反馈",
    "復原": "撤销",
    "文件": "文档",
    "題庫": "题库",
    "裝置": "设备",
    "追問": "追问",
    "連續": "连续",
    "向量": "向量",
    "行事曆": "日历",
}


@lru_cache(maxsize=4096)
def simplified(text: str) -> str:
    """The text in Simplified Chinese; blanks like `{count}` stay as they are."""
    kept: list[str] = []
    for traditional, wanted in REVIEWED.items():
        while traditional in text:
            text = text.replace(traditional, f"\ue000{len(kept)}\ue001", 1)
            kept.append(wanted)
    converted = str(converter("tw2sp").convert(text))
    for number, wanted in enumerate(kept):
        converted = converted.replace(f"\ue000{number}\ue001", wanted)
    return converted
