"""Characters that use a framework, on their own or mixed with others."""

from typing import Any

from personas.domain.sheets import FrameworkSheet
from personas.models import Character, Framework, FrameworkRun, Label
from personas.services import drafts, framework_runs, publishing
from tests.factories import NOW, make_character, make_framework

BLENDING = {
    "enabled": True,
    "weights": [
        {"context": "casual", "framework_id": "caring", "weight": 0.6},
        {"context": "casual", "framework_id": "chaotic", "weight": 0.4},
    ],
}


def make_blender(character_id: str = "bea", **fields: Any) -> Character:
    """A neuro that mixes caring and chaotic in casual talk, and nothing else."""
    for framework_id in ("caring", "chaotic"):
        if not Framework.objects.filter(framework_id=framework_id).exists():
            make_framework(framework_id)
    values = {"framework_blending": BLENDING, **fields}
    return make_character(character_id, **values)


def edit_framework(framework_id: str = "neuro", **changes: Any) -> Framework:
    framework = Framework.objects.get(framework_id=framework_id)
    return drafts.save_framework(
        framework_id=framework_id,
        sheet=FrameworkSheet.model_validate(
            framework.to_sheet().model_dump() | changes
        ),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )


def publish(*character_ids: str) -> publishing.Outcome:
    return publishing.publish(
        character_ids=character_ids, note="N", author=None, now=NOW
    )


def live(character_id: str) -> int:
    """The number of the version that is live."""
    label = Label.objects.get(character__character_id=character_id, name="production")
    return label.version.number


def start(author: Any, *ids: str, framework_id: str = "neuro", **changes: Any):
    framework = Framework.objects.get(framework_id=framework_id)
    values = {"note": "Calmer", "revision": framework.revision, "now": NOW}
    return framework_runs.start(
        framework_id=framework_id, character_ids=ids, author=author, **values | changes
    )


def work(run: FrameworkRun, clock: Any = lambda: NOW) -> FrameworkRun:
    """Let a worker have the run; as it is then."""
    framework_runs.work(run_id=run.pk, clock=clock)
    return FrameworkRun.objects.get(pk=run.pk)
