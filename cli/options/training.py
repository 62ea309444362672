"""Options of trainings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .suite import seed


class Device(StrEnum):
    cpu = "cpu"
    cuda = "cuda"


class LossName(StrEnum):
    gspo = "gspo"
    loop = "loop"
    ppo = "ppo"
    reinforce = "reinforce"
    replay = "replay"


Model = Annotated[
    Path,
    typer.Option(
        "--model",
        envvar="OUTLAY_TRAIN_MODEL",
        metavar="PATH",
        help="An .npz of the embedded transformer, or the folder of a Hugging Face model.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        envvar="OUTLAY_OUT",
        metavar="PATH",
        help="Where the trained model goes; checkpoint, metrics and curves go beside it.",
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        envvar="OUTLAY_FROM",
        metavar="EXPERIMENT",
        help="Recorded runs to learn from; nothing is played then.",
    ),
]
Epochs = Annotated[
    int, typer.Option(envvar="OUTLAY_EPOCHS", min=1, metavar="N", help="Passes over the runs.")
]
Rate = Annotated[
    float, typer.Option(envvar="OUTLAY_RATE", min=0, help="Learning rate at its highest.")
]
Lora = Annotated[
    int,
    typer.Option(envvar="OUTLAY_LORA", min=0, metavar="RANK", help="Train LoRA adapters instead."),
]
On = Annotated[
    Device | None,
    typer.Option(
        "--device",
        envvar="OUTLAY_DEVICE",
        help="Where it is trained (default: a GPU that torch sees, else the processor).",
    ),
]
Seed = Annotated[int, seed("Order, and random draws.")]
CostShare = Annotated[
    float,
    typer.Option(
        envvar="OUTLAY_COST_SHARE",
        min=0,
        max=1,
        help="Share of the reward that a low cost earns where the answer is right.",
    ),
]
