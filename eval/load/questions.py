"""What the users of a load run ask; one of them is not covered by the corpus. Apart, since locust patches what imports it."""

from __future__ import annotations

QUESTIONS = (
    "什麼是 KV Cache？它為什麼能加速推理？",
    "請解釋 LoRA 的原理與優缺點。",
    "What is quantization and what does it cost?",
    "RAG 和微調有什麼不同？",
    "How does FlashAttention save memory?",
    "什麼是 RLHF？",
    "位置編碼有哪些做法？",
    "台北今天的天氣如何？",
)
FOLLOW_UPS = ("那缺點呢？", "可以舉例嗎？", "go on", "再說一次，簡單一點")
