"""The JSON schemas of the four files, from which editors complete and check: config/schema/*.json.

``python -m crawler.editors`` writes them anew; a test fails while they are stale. What a setting means is written in
`crawler.settings`, and stands in the schema as its description.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from crawler.settings import FILES


class _SchemaWithoutNull(GenerateJsonSchema):
    """An empty value is a complaint, so editors need not offer null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schemas() -> dict[str, str]:
    """Return the JSON schema of each file, by the name under which it is shipped."""
    return {
        f"{name}.json": json.dumps(
            shape.model_json_schema(schema_generator=_SchemaWithoutNull), indent=2, ensure_ascii=False
        )
        + "\n"
        for name, shape in FILES.items()
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "config" / "schema"
    for file, text in schemas().items():
        (folder / file).write_text(text, encoding="utf-8")
