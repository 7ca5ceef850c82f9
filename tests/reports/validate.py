#!/usr/bin/env python3
"""Validates JSON files against a JSON Schema: validate.py SCHEMA[#DEFINITION] FILE...

SCHEMA#finding is the definition `finding` of that schema. A file that ends in .jsonl has a document in each line.
Exit status 1, with the first errors, if one is not valid; NaN and Infinity are no JSON here.
"""
import json
import pathlib
import sys

import jsonschema


def refuse(name):
    raise ValueError(f"{name} is no JSON")


def read(text):
    return json.loads(text, parse_constant=refuse)


def validator_of(place):
    path, _, definition = place.partition("#")
    schema = read(pathlib.Path(path).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    if definition:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return jsonschema.Draft202012Validator(schema)


def main(schema, *files):
    validator = validator_of(schema)
    wrong = 0
    for file in map(pathlib.Path, files):
        text = file.read_text(encoding="utf-8")
        documents = text.splitlines() if file.suffix == ".jsonl" else [text]
        for number, document in enumerate(documents, 1):
            for error in list(validator.iter_errors(read(document)))[:3]:
                print(f"{file}:{number}: {error.json_path}: {error.message[:300]}")
                wrong += 1
        print(f"{file}: {len(documents)} documents, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
