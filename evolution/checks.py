"""What evolution has every publish checked for."""

from personas.checks import Candidate, Finding, Level
from personas.domain.growing import BadStage, grown


def stages_fit(candidate: Candidate) -> list[Finding]:
    """Refuse stages that could not go live once they are reached."""
    found = []
    for stage in candidate.character.evolution_stages:
        try:
            grown(candidate.character, stages=[stage])
        except BadStage as error:
            found.append(Finding(Level.BLOCK, str(error)))
    return found
