"""Reads reports with libraries that know nothing of billhook; says what each found, and fails where one refuses."""

import json
import re
import sys
from pathlib import Path

import cmarkgfm
import junitparser
import xmlschema
from sarif import loader

reports = Path(sys.argv[1])
schema = xmlschema.XMLSchema10("tests/schemas/junit-10.xsd")
for name in ("lint", "diff", "clean"):
    sarif = loader.load_sarif_file(str(reports / f"{name}.sarif"))
    issues = sarif.get_report()
    found = {level: issues.get_issue_count_for_severity(level) for level in ("error", "warning", "note")}
    schema.validate(str(reports / f"{name}.junit"))
    junit = junitparser.JUnitXml.fromfile(str(reports / f"{name}.junit"))
    gitlab = json.loads((reports / f"{name}.gitlab").read_text())
    page = cmarkgfm.github_flavored_markdown_to_html(
        (reports / f"{name}.markdown").read_text(), cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    )
    assert "<details" in page or name == "clean"
    assert not re.findall(r"<(script|img|iframe)", page)
    assert sum(found.values()) == len(gitlab), (found, len(gitlab))
    assert (name == "clean") == (junit.failures == 0), (name, junit.failures)
    assert junit.failures == found["error"], (junit.failures, found)
    print(f"{name}: {found}, {junit.tests} cases, {junit.failures} failures, {len(gitlab)} entries, {len(page)} bytes of page")
