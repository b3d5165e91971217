"""What a character feels for another one, as prompts tell it."""

from datetime import datetime

from personas.domain.feelings import Feelings
from relationships import policy
from relationships.domain.bands import band_of
from relationships.domain.traits import TRAITS, trait_words
from relationships.services import reading


def feelings_of(
    character_id: str, other_character_id: str, now: datetime
) -> Feelings | None:
    """The words of its band and of its traits, in one query.

    Raises:
        django.db.Error: the database is away.
    """
    rules = policy.known_rules()
    felt = reading.felt_by(
        character_id, target=other_character_id, moment=now, rules=rules
    )
    band = band_of(felt.affinity, bands=rules.bands)
    traits = {name: getattr(felt, name) for name in TRAITS}
    words = trait_words(traits, words=policy.trait_words())
    return Feelings(band.band, (band.words, *words))
