"""Where characters stand in the graph."""

from django.db import models


class GraphPlace(models.Model):
    """A character's place in the graph, the same for everybody until it is tidied."""

    character = models.OneToOneField(
        "personas.Character", models.CASCADE, related_name="graph_place"
    )
    x = models.FloatField()
    y = models.FloatField()

    def __str__(self) -> str:
        return f"{self.character_id}: {self.x:.0f}, {self.y:.0f}"
