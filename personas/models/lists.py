"""What makes long lists of characters usable: searching them, and kept filters."""

from django.db import models
from django.db.models import Q


class SearchText(models.Model):
    """All words of a character's draft and live prompt, normalised for searching."""

    character = models.OneToOneField(
        "personas.Character", models.PROTECT, related_name="search"
    )
    draft = models.TextField(blank=True)
    prompt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"search text of {self.character_id}"


class SavedFilter(models.Model):
    """A list's address parameters, kept by one person under a name."""

    class List(models.TextChoices):
        CHARACTERS = "characters", "Characters"
        FRAMEWORKS = "frameworks", "Frameworks"

    owner = models.ForeignKey("core.User", models.CASCADE, related_name="saved_filters")
    list = models.CharField(max_length=16, choices=List.choices)
    name = models.CharField(max_length=100)
    query = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list", "name"], name="saved_filter_once_per_name"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_has_name"),
            models.CheckConstraint(
                condition=Q(list__in=["characters", "frameworks"]),
                name="saved_filter_known_list",
            ),
        ]

    def __str__(self) -> str:
        return self.name
