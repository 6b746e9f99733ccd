"""The columns of a table, as its manifest declares them."""

from __future__ import annotations

from pydantic import Field, model_validator

from optbench.data.fields import Strict, Text
from optbench.data.rows import is_plain


class Columns(Strict):
    """The columns of a table. One column may be both a feature and a target: an autoencoder's are."""

    features: list[Text] = Field(min_length=1)
    targets: list[Text] = Field(min_length=1, description="one for a classification: the number of the class, from 0")
    classes: list[Text] = Field(default=[], description="the names of the classes; none for a regression")

    @model_validator(mode="after")
    def _consistent(self) -> Columns:
        two = len(self.classes) >= 2  # noqa: PLR2004  # one class leaves nothing to predict
        if self.classes and (len(self.targets) != 1 or not two or self.targets[0] in self.features):
            raise ValueError("a classification has one target column, which is no feature, and at least two classes")
        for what in ("features", "targets", "classes"):
            names = getattr(self, what)
            if len(set(names)) != len(names):
                raise ValueError(f"one of the {what} is named twice")
            if not all(name.strip() == name != "" and is_plain(name) for name in names):
                raise ValueError(
                    f"one of the {what} has no name, or one with a line break, a control character or outer spaces"
                )
        return self
