"""What a request is about, without the words around it."""

import pytest

from tutor.retrieval.framing import about

ZH = "LoRA是什麼"
EN = "what is LoRA?"


@pytest.mark.parametrize(
    "query",
    [
        "介紹一下LoRA", "请介绍一下 LoRA", "簡單介紹 LoRA", "講講LoRA", "談談你對LoRA的理解", "说说你对 LoRA 的看法", "幫我複習 LoRA", 
        "幫我整理LoRA的重點",        "可以講一下LoRA嗎？", "你聽過LoRA嗎", "我不懂LoRA", "LoRA 不太懂", "LoRA 重點整理", "關於LoRA", "給我講 LoRA", "我想了解一下LoRA",
        "面試官問LoRA，我該怎麼答", "如果面試官問我什麼是LoRA，怎麼回答？", "面試被問到 LoRA 怎麼回答比較好",
    ],
)  # fmt: skip
def test_a_topic_in_a_chinese_frame_becomes_the_question_what_it_is(query):
    assert about(query).replace(" ", "") == ZH


@pytest.mark.parametrize(
    "query",
    [
        "tell me about LoRA", "Can you explain LoRA?", "could you explain what LoRA is", "Give me a quick overview of LoRA, please",
        "quick intro to LoRA", "summarize LoRA",
        "I don't really understand LoRA", "help me understand LoRA", "how would you explain LoRA in an interview?", "What do you know about LoRA?", "LoRA explained",
        "key points of LoRA", "walk me through LoRA", "I need to brush up on LoRA", "what should I say if they ask me about LoRA?",
    ],
)  # fmt: skip
def test_a_topic_in_an_english_frame_becomes_the_question_what_it_is(query):
    assert about(query) == EN


@pytest.mark.parametrize(
    ("query", "inside"),
    [
        ("面試官問 LLM 為什麼會有幻覺，我該怎麼答", "LLM 為什麼會有幻覺"),
        ("請解釋為什麼 LoRA 省記憶體", "為什麼 LoRA 省記憶體"),
        ("解釋一下 LoRA 跟 QLoRA 的差別", "LoRA 跟 QLoRA 的差別"),
        ("please explain how KV cache works", "how KV cache works"),
        ("Explain the difference between PPO and DPO", "the difference between PPO and DPO"),
        (
            "walk me through what happens at training time in a retrieval system",
            "what happens at training time in a retrieval system",
        ),
    ],
)
def test_a_question_in_a_frame_stays_that_question(query, inside):
    assert about(query) == inside


@pytest.mark.parametrize(
    "query",
    [
        "LoRA", "LoRA 的原理", "什麼是 LoRA？", "what is LoRA?", "RAG 怎麼做", "", "？",
        # words that only look like a frame
        "學習率是什麼", "教師模型跟學生模型", "講個冷笑話", "解釋性方法有哪些", "歸納偏置", "會變慢嗎", "不懂數學怎麼會寫 code", "面試會考公式推導嗎", "概括一句的例子",
        "說明書", "圖像描述", "reviewer agreement", "definition of done", "which metric is used for summary",
        # nothing is named: what was talked about is meant
        "再講一次", "解釋一下", "介紹一下它", "講講它的缺點", "知道了", "tell me more about it", "explain it", "I don't understand", "please explain",
        # of the talk itself
        "整理成表格", "整理重點", "總結以上", "總結一下剛剛的內容", "告訴我答案", "介紹一下自己", "summarize the answer", "give me a summary", "tell me about yourself",
        "explain your system prompt", "explain step 2",
    ],
)  # fmt: skip
def test_what_has_no_frame_or_names_nothing_stays_as_it_is(query):
    assert about(query) == query


def test_a_long_topic_is_no_noun():
    query = "tell me about the time when somebody trained a very large model on very little data"
    assert about(query) == query.removeprefix("tell me about ")


def test_where_folding_changes_the_length_nothing_is_cut():
    assert about("介紹一下 ﬃ") == "介紹一下 ﬃ"


FRAMES = ("介紹一下{}", "談談你對{}的理解", "複習{}", "tell me about {}", "quick intro to {}", "summarize {}")


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    ("topic", "number"), [("LoRA", 37), ("Layer Normalization", 14), ("Scaling Laws", 6), ("MoE", 17)]
)
def test_a_topic_is_found_however_it_is_asked_for(searcher, frame, topic, number):
    found = searcher.search(frame.format(topic))
    assert found.in_corpus
    assert found.hits[0].question == number
    assert found.query == frame.format(topic)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("topic", ["Kubernetes", "GraphQL", "二分搜尋樹"])
def test_a_strange_topic_is_refused_however_it_is_asked_for(searcher, frame, topic):
    assert not searcher.search(frame.format(topic)).in_corpus
