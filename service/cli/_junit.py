"""Scenario results as a JUnit report, which CI systems show: one suite a file, one case a scenario."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from service.cli._scenarios import Played


def report(played: Played) -> str:
    """The report as XML."""
    whole = ET.Element(
        "testsuites", name="accord", tests=str(len(played.results)), failures=str(played.failed)
    )
    for file, own in played.by_file.items():
        missed = sum(not r.passed for r in own)
        suite = ET.SubElement(whole, "testsuite", name=file, tests=str(len(own)), failures=str(missed))
        for result in own:
            case = ET.SubElement(suite, "testcase", classname=file, name=result.name)
            if not result.passed:
                first = ET.SubElement(case, "failure", message=result.differences[0].message)
                first.text = "\n".join(map(str, result.differences))
    ET.indent(whole)
    return ET.tostring(whole, encoding="unicode", xml_declaration=True) + "\n"
