"""An example body of every event, made from its JSON Schema: for golden files, tests and documents.

A field's value comes from ``VALUES`` by ``Class.field`` or by its name alone, else from its schema.
"""

from collections.abc import Mapping

from cadre.contracts.catalogue import Body
from cadre.contracts.compatibility import Schema
from cadre.contracts.event import Event

VALUES: Mapping[str, object] = {
    "Assessed.kind": "year",
    "AssessmentRefused.kind": "year",
    "Assessed.grade": "excellent",
    "AssessmentRefused.grade": "excellent",
    "MeritPosted.item": "hard-task-1",
    "PointItem.code": "hard-task-1",
    "RuleFinding.article": "第十条",
    "RuleFinding.inputs": {"months": 18},
    "RuleFinding.instrument": "公务员职务与职级并行规定",
    "RuleFinding.passed": False,
    "RuleFinding.reason": "任现职级不满两年",
    "birth_date": "1985-06-15",
    "birth_month": "1985-06",
    "class_id": "young-cadres-2026-1",
    "committee_size": 11,
    "ethnicity": "汉族",
    "excellent_share": 0.2,
    "full_name": "王建国",
    "id_number": "510802198506150017",
    "mentor_id": "c-mmmmmmmmmm",
    "apprentice_id": "c-aaaaaaaaaa",
    "motion_id": "motion-2026-1",
    "native_place": "四川广元",
    "period": "2025",
    "plan_id": "intake-2026",
    "pool_id": "young-2026",
    "post_id": "finance-deputy",
    "post_title": "副局长",
    "scheme_id": "merit",
    "source_sha256": "0" * 64,
    "supersedes": None,
    "title": "示例名称",
    "unit_id": "u-nzsxqytjnz",
    "unit_name": "青川县财政局",
    "unit_year_id": "u-nzsxqytjnz-2025",
    "year": 2026,
}
FORMATS = {"date": "2026-03-01", "uuid": "0b9a1c9e-5f2d-4a77-9d55-3c1f0a6f7e10"}
"""What stands for a field that has no value of its own, by its format."""


def example(event: type[Event], *, personal: Mapping[str, object] | None = None) -> Body:
    """A body with every field filled in, ``supersedes`` apart.

    Personal fields are clear, or all hold ``personal`` where that is given: a sealed or a forgotten
    value.
    """
    schema = event.model_json_schema()
    return _Maker(schema.get("$defs", {}), personal).fields(schema)


class _Maker:
    def __init__(self, definitions: Schema, personal: Mapping[str, object] | None) -> None:
        self._definitions = definitions
        self._personal = personal

    def fields(self, schema: Schema) -> Body:
        return {
            name: self._field(schema["title"], name, field)
            for name, field in schema.get("properties", {}).items()
        }

    def _field(self, owner: str, name: str, schema: Schema) -> object:
        if self._personal is not None and self._is_personal(schema):
            return self._personal
        for key in (f"{owner}.{name}", name):
            if key in VALUES:
                return VALUES[key]
        return self._value(schema)

    def _is_personal(self, schema: Schema) -> bool:
        refs = [str(choice.get("$ref", "")) for choice in self._choices(schema)]
        return "#/$defs/Sealed" in refs

    def _choices(self, schema: Schema) -> list[Schema]:
        if "$ref" in schema:
            resolved: Schema = self._definitions[str(schema["$ref"]).removeprefix("#/$defs/")]
            return self._choices(resolved) if "anyOf" in resolved else [schema]
        if "anyOf" not in schema:
            return [schema]
        return [inner for choice in schema["anyOf"] for inner in self._choices(choice)]

    def _value(self, schema: Schema) -> object:
        if "$ref" in schema:
            return self._value(self._definitions[str(schema["$ref"]).removeprefix("#/$defs/")])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._value(schema[keyword][0])
        for keyword in ("examples", "enum"):
            if keyword in schema:
                return schema[keyword][0]
        if "const" in schema:
            return schema["const"]
        return self._by_type(schema)

    def _by_type(self, schema: Schema) -> object:
        match schema.get("type"):
            case "object":
                return self.fields(schema)
            case "array":
                return [self._value(schema["items"])] * max(1, schema.get("minItems", 1))
            case "integer":
                return max(1, schema.get("minimum", 1))
            case "number":
                return max(1.0, schema.get("minimum", 1.0))
            case "boolean":
                return True
            case "string":
                return FORMATS.get(str(schema.get("format")), "示例")
            case _:
                return None
