"""How vLLM should be started on given GPUs: from model size, context, KV cache and users to flags, each with its reason.

Pure arithmetic. Knows nothing of machines (that is `hardware.py`), files or processes; a plan for cards that are not
here is as good as one for those that are. What cannot be computed is an estimate, and is named as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ingest.errors import UsageError
from tutor.llm.model_shape import ModelShape

MIB = 2**20
CONTEXT = 8192
LEAST_CONTEXT = 2048
# Tokens that one conversation is counted with: twice a prompt of 750 and its answer, for documents with longer answers.
TYPICAL_TOKENS = 2048
# Cards report less than their class says (firmware, ECC): the least of each class, MiB, as nvidia-smi tells it.
CLASSES = {12: 12_282, 16: 15_360, 24: 23_034, 48: 46_068, 80: 81_559}
RESERVE_MIB = 1024  # for a desktop, other programs, and what the driver takes after vLLM has measured
UTILISATION = 0.95  # never more: fragmentation grows where nothing is left
# Estimates, MiB per GPU. vLLM prints "GPU KV cache size: N tokens" at its start: that is the true figure.
CUDA_MIB, GRAPHS_MIB, NCCL_MIB = 600, 500, 300
FP8_CAPABILITY = 8.9
PARALLEL = (1, 2, 4, 8)


@dataclass(frozen=True)
class Cards:
    """GPUs, all alike. `capability` is CUDA's compute capability; 0 when unknown."""

    memory_mib: int
    per_node: int = 1
    nodes: int = 1
    capability: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Cards:
        """`24x1` (GB x GPUs) or `80x8x2` (x machines).

        Raises:
            UsageError: it is neither.
        """
        found = re.fullmatch(r"(\d{1,4})x(\d{1,3})(?:x(\d{1,3}))?", text.strip().lower())
        if found is None or any(part is not None and int(part) == 0 for part in found.groups()):
            raise UsageError(f"{text!r} does not name GPUs.", "Write GB x GPUs, or GB x GPUs x machines: 24x1, 80x8x2.")
        size = int(found[1])
        return cls(CLASSES.get(size, round(size * 1024 * 0.96)), int(found[2]), int(found[3] or 1))

    def __str__(self) -> str:
        machines = f" on each of {self.nodes} machines" if self.nodes > 1 else ""
        return f"{self.per_node} GPU{'s' if self.per_node > 1 else ''} of {self.memory_mib / 1024:.1f} GiB{machines}"


@dataclass(frozen=True)
class Setting:
    """One flag of `vllm serve`; `value` is empty where the flag alone says it."""

    flag: str
    value: str
    reason: str


@dataclass(frozen=True)
class GpuPlan:
    """A way to serve a model, or the reason why there is none.

    Args:
        tensor_parallel, pipeline_parallel: GPUs and machines that one copy of the model is cut over.
        replicas: copies, over all machines.
        kv_tokens: tokens of KV cache in each copy.
        full, typical: simultaneous conversations of `context` and of `TYPICAL_TOKENS` tokens, over all copies.
        steps: commands to run before (Ray), and what to do beside.
    """

    model: str
    cards: Cards
    fits: bool
    reason: str
    settings: tuple[Setting, ...] = ()
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    replicas: int = 1
    context: int = 0
    weight_mib: int = 0
    working_mib: int = 0
    kv_mib: int = 0
    kv_tokens: int = 0
    full: int = 0
    typical: int = 0
    steps: tuple[str, ...] = ()

    def flags(self) -> list[str]:
        """The settings as arguments of `vllm serve`."""
        return [part for setting in self.settings for part in (setting.flag, setting.value) if part]


@dataclass(frozen=True)
class _Cut:
    """Memory of one copy cut over `tensor` GPUs on each of `pipeline` machines, MiB per GPU."""

    tensor: int
    pipeline: int
    replicas: int
    weight: int
    working: int
    kv: int
    tokens: int
    fp8: bool = False


def plan(shape: ModelShape, cards: Cards, *, context: int = CONTEXT, users: int = 8) -> GpuPlan:
    """Compute the settings.

    The smallest cut that holds a whole context and all users wins, since every further GPU in a copy costs traffic
    between them; where none serves all users, the one that serves most.

    Args:
        context: tokens that one conversation may have at most; less where the cards hold less.
        users: conversations that are being answered at the same time.
    """
    context = min(context, shape.context)
    cuts = _cuts(shape, cards)
    usable = [cut for cut in cuts if cut.tokens >= LEAST_CONTEXT]
    if not usable:
        return GpuPlan(shape.name, cards, False, _why_not(shape, cards, cuts))
    whole = [cut for cut in usable if cut.tokens >= context] or [max(usable, key=lambda cut: cut.tokens)]
    serving = [cut for cut in whole if _typical(cut) >= users]
    cut = serving[0] if serving else max(whole, key=_typical)
    if _typical(cut) < users and cards.capability >= FP8_CAPABILITY:
        cut = replace(cut, tokens=cut.tokens * 2, fp8=True)
    context = min(context, cut.tokens // 1024 * 1024)
    return GpuPlan(
        model=shape.name,
        cards=cards,
        fits=True,
        reason=_verdict(cut, context, users),
        settings=_settings(shape, cards, cut, context),
        tensor_parallel=cut.tensor,
        pipeline_parallel=cut.pipeline,
        replicas=cut.replicas,
        context=context,
        weight_mib=cut.weight,
        working_mib=cut.working,
        kv_mib=cut.kv,
        kv_tokens=cut.tokens,
        full=cut.tokens // context * cut.replicas,
        typical=_typical(cut),
        steps=_steps(cards, cut),
    )


def utilisation(cards: Cards) -> float:
    """Share of a card that vLLM may take, two decimals, rounded down; 0 where the reserve is all it has."""
    return max(0.0, min(UTILISATION, int((cards.memory_mib - RESERVE_MIB) / cards.memory_mib * 100) / 100))


def _small(cards: Cards) -> bool:
    return cards.memory_mib < 20 * 1024


def _batched(cards: Cards) -> int:
    return 2048 if cards.memory_mib < 40 * 1024 else 8192


def _sequences(cards: Cards) -> int:
    return 64 if _small(cards) else 256


def _cuts(shape: ModelShape, cards: Cards) -> list[_Cut]:
    """Within one machine first; over machines only where no machine holds a whole conversation."""
    ways = [t for t in PARALLEL if t <= cards.per_node and shape.splits(t)]
    cuts = [_cut(shape, cards, t, 1) for t in ways]
    if cards.nodes > 1 and not any(cut.tokens >= LEAST_CONTEXT for cut in cuts):
        cuts = [_cut(shape, cards, ways[-1], cards.nodes)]
    return cuts


def _cut(shape: ModelShape, cards: Cards, tensor: int, pipeline: int) -> _Cut:
    weight = shape.weight_bytes / (tensor * pipeline) / MIB
    activations = _batched(cards) * (2 * shape.intermediate / tensor + 6 * shape.hidden) * 2
    logits = _sequences(cards) * shape.vocabulary * 4 * 2  # float32, and the sampler's copy
    working = CUDA_MIB + GRAPHS_MIB + (NCCL_MIB if tensor * pipeline > 1 else 0) + (activations + logits) / MIB
    kv = cards.memory_mib * utilisation(cards) - weight - working
    tokens = int(max(0.0, kv) * MIB / (shape.kv_bytes() / (tensor * pipeline)))
    replicas = 1 if pipeline > 1 else cards.per_node // tensor * cards.nodes
    return _Cut(tensor, pipeline, replicas, round(weight), round(working), round(kv), tokens)


def _typical(cut: _Cut) -> int:
    return cut.tokens // TYPICAL_TOKENS * cut.replicas


def _why_not(shape: ModelShape, cards: Cards, cuts: list[_Cut]) -> str:
    best = max(cuts, key=lambda cut: cut.kv)
    room = cards.memory_mib * utilisation(cards)
    return (
        f"It does not fit on {cards}: cut {best.tensor * best.pipeline} ways, a GPU would hold {best.weight} MiB of weights and "
        f"about {best.working} MiB of working memory, of {room:.0f} MiB; {LEAST_CONTEXT} tokens of KV cache want "
        f"{LEAST_CONTEXT * shape.kv_bytes() // (best.tensor * best.pipeline * MIB)} MiB more. "
        "Take more or larger cards, or a smaller model."
    )


def _verdict(cut: _Cut, context: int, users: int) -> str:
    per_gpu = f"{cut.weight} MiB of weights, about {cut.working} of working memory and {cut.kv} of KV cache on each GPU"
    serves = f"{_typical(cut)} conversations of {TYPICAL_TOKENS} tokens, or {cut.tokens // context * cut.replicas} of {context}"
    queue = "" if _typical(cut) >= users else f"; of {users} simultaneous users the rest wait their turn"
    return f"{per_gpu}: {serves} at the same time{queue}"


def _settings(shape: ModelShape, cards: Cards, cut: _Cut, context: int) -> tuple[Setting, ...]:
    share = utilisation(cards)
    sequences = max(1, min(_sequences(cards), cut.tokens // TYPICAL_TOKENS))
    kv_kib = shape.kv_bytes(1 if cut.fp8 else 2) / 1024
    found = [
        Setting("--max-model-len", str(context), f"the model allows {shape.context}, the tutor's prompts need less; "
                f"the KV cache has room for {cut.tokens} tokens at {kv_kib:.0f} KiB"),
        Setting("--gpu-memory-utilization", f"{share:.2f}", f"leaves {cards.memory_mib * (1 - share):.0f} MiB to the driver, a desktop and fragmentation"),
        Setting("--max-num-seqs", str(sequences), "as many conversations as the KV cache holds: more would push each other out"
                if sequences < _sequences(cards) else "more in a batch gain little and lengthen every answer"),
        Setting("--max-num-batched-tokens", str(_batched(cards)), "prompts are read in pieces of this size, so that running answers do not stall; "
                f"activations of a piece take {'little of a small card' if _batched(cards) == 2048 else 'under 1 GiB'}"),
        Setting("--stream-interval", "4", "words come in fours after the first: the app spends 0.5 ms of processor time on each piece it is sent"),
    ]  # fmt: skip
    if cut.fp8:
        found.append(
            Setting(
                "--kv-cache-dtype",
                "fp8",
                "half the bytes a token, so twice the conversations; this GPU computes in FP8",
            )
        )
    if 0 < cards.capability < 8:
        found.append(Setting("--dtype", "float16", f"compute capability {cards.capability} has no bfloat16"))
    if cut.tensor > 1:
        found.append(
            Setting(
                "--tensor-parallel-size",
                str(cut.tensor),
                f"{shape.weight_bytes // MIB} MiB of weights and their KV cache want {cut.tensor} GPUs",
            )
        )
    if cut.pipeline > 1:
        found.append(
            Setting(
                "--pipeline-parallel-size",
                str(cut.pipeline),
                "layers are cut between machines: that needs little of the network, cutting within layers much",
            )
        )
        found.append(Setting("--distributed-executor-backend", "ray", "Ray starts the workers on the other machines"))
    here = cut.replicas // cards.nodes
    if here > 1 and cut.pipeline == 1:
        found.append(
            Setting(
                "--data-parallel-size",
                str(here),
                "whole copies on the other GPUs: they share no traffic; each has a prefix cache of its own",
            )
        )
    return tuple(found)


def _steps(cards: Cards, cut: _Cut) -> tuple[str, ...]:
    if cut.pipeline > 1:
        return (
            "on the first machine: ray start --head --port=6379",
            "on every other machine: ray start --address=FIRST_MACHINE:6379",
            "on the first machine: vllm serve, with the settings above (same vLLM and same path of the weights everywhere)",
        )
    if cards.nodes > 1:
        return (
            f"one vllm serve with these settings on each of the {cards.nodes} machines, no Ray: a copy fits into one machine",
            "before them a router that keeps a conversation on its machine (prefix cache): vLLM's production stack, or the proxy's hash on the user",
        )
    return ()
