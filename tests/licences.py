"""Lists the licences in a CycloneDX bill of materials: `python tests/licences.py var/sbom.json`."""

import json
import sys
from collections import defaultdict
from pathlib import Path


def licence(component: dict) -> str:
    told = [
        entry.get("expression") or entry["license"].get("id") or entry["license"].get("name")
        for entry in component.get("licenses", [])
    ]
    return " / ".join(sorted({str(name).splitlines()[0][:60] for name in told})) or "not said"


def main(path: str) -> None:
    by_licence = defaultdict(list)
    for component in json.loads(Path(path).read_text())["components"]:
        by_licence[licence(component)].append(component["name"])
    for name, packages in sorted(by_licence.items()):
        sys.stdout.write(f"{name}\n    {', '.join(sorted(packages))}\n")


if __name__ == "__main__":
    main(sys.argv[1])
